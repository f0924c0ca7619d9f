"""Alerts: an alert as a document, its states, and to whom word of it went."""
