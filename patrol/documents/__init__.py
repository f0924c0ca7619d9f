"""Documents: versioned records that people write, and the states that they go through."""
