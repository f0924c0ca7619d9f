"""Schema: the tables, and records as their rows."""
