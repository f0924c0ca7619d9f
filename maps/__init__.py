"""Maps: the web server, its pages, API, reports and notifications, and the command line."""
