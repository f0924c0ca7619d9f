"""Replay page: one file that plays a patrol again without a server."""
