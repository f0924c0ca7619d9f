"""HTTP: connections of the web server, below the app."""
