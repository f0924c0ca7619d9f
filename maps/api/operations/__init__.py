"""Routes of operations: alerts, incidents, targets, hand-offs, crews' reports, the watch log."""
