"""Maintenance: retention, the outbox of alerts, and rejected reports to submit again."""
