"""Errors of ways to notify."""
