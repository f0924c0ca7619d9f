"""Legal holds: records that retention must not remove."""
