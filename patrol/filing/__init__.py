"""Filing: documents and journal rows written in one transaction, by one writer at a time."""
