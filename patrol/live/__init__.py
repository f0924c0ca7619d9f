"""Live: the stream to viewers: one publisher, a feed for all who may see the same."""
