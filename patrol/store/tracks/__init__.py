"""Tracks: positions read back by unit and time."""
