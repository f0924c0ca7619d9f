"""Desks: one user's window on what there is."""
