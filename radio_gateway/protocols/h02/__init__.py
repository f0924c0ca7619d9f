"""H02 trackers."""
