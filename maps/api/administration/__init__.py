"""Routes of administration: health, metrics, the audit journal, reports."""
