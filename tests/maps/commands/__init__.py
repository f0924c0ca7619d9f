"""Commands of `joint-patrol`."""
