"""Desks: what one user may do."""
