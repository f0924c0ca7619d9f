"""Records: what reports read of the store."""
