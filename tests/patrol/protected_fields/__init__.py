"""Protected fields and their keys."""
