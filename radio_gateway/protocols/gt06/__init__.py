"""GT06 trackers."""
