"""Inquiry: why a radio is not on somebody's map."""
