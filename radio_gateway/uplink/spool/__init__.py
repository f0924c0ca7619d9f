"""Spool: what the node has not confirmed yet, on disk."""
