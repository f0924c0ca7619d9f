"""Position: a place at a time, and how far off it may be."""
