"""Inquiry: why a radio is not on a user's map."""
