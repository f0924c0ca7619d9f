"""Legal holds: what is to be preserved."""
