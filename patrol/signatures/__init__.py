"""Signatures that officers give with keys of their own."""
