"""Incidents: what happened, with photos, search and statistics."""
