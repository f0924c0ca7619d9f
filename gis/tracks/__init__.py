"""Tracks: positions as arrays: cleaned, simplified, stops, effort, coverage."""
