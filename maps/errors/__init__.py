"""Errors that the web layer raises."""
