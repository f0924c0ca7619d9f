"""Protection: legal holds, sealed fields, and what may be removed."""
