"""Sector checks: which sectors a drawn sector overlaps, and which boats its watch can detect."""
