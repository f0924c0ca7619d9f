"""Agreements: what two agencies have signed to share, where, when, and how that changes, is
suspended and ends."""
