"""Formats: numbers, coordinates and sentences that several protocols have in common."""
