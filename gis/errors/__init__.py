"""Errors of geography."""
