"""Responses: how routes write JSON, times and entity tags."""
