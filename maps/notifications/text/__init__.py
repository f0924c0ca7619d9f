"""Text: what a notification says."""
