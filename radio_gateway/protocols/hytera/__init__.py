"""Hytera DMR radios."""
