"""Settings: `patrol.toml`, read and checked, with faults by line and field."""
