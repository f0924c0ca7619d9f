"""Marks: places that somebody marked."""
