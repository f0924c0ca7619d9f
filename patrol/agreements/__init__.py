"""Agreements: documents of what two agencies share; their corridor, time windows and lifecycle."""
