"""Notifications: which people get word of an alert, when, by which way, and what became of it."""
