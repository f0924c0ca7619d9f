"""Incidents: the incident as a document, its photos, search and statistics."""
