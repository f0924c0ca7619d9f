"""Journal: its table, and the digests by which accounts and receptions stand in its chain."""
