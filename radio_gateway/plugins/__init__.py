"""Plug-ins: code of others, found by entry points, let in by name, limited in time."""
