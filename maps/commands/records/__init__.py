"""Commands on a node's records: store, back-ups, journal, evidence and keys."""
