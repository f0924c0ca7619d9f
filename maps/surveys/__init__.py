"""Surveys: coverage, effort and heat maps of past tracks, reckoned in slices."""
