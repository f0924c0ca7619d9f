"""Maintenance: retention, and what waits to be sent or taken up again."""
