"""Teltonika trackers."""
