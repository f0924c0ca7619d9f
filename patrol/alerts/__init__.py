"""Alerts: an alert as a document, its lifecycle, and its deliveries."""
