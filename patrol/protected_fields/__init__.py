"""Protected fields: words that only who has to know may read, and the keys they are kept with."""
