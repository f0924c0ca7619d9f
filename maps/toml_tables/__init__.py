"""TOML tables: what the tables of `patrol.toml` have in common."""
