"""Desks of liaison: agreements, hand-offs, targets."""
