"""Health of a node: its links, its store and disk, its keys and clock, in words and as metrics."""
