"""Audit: the chain of the journal, its signed head and its export."""
