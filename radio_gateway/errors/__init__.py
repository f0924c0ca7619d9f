"""Errors that this package raises."""
