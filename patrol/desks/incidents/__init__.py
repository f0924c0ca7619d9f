"""Desks of incidents, photos and the journal."""
