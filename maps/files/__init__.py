"""Files over the web: import and export jobs of the API."""
