"""Audit: the chain of the journal, its signed head, its key and its export."""
