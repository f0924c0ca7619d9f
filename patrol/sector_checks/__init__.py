"""Sector checks: what a drawn sector overlaps, and what watching it can and cannot catch."""
