"""Desks: all that one user may see and do; the only door to the picture and the records."""
