"""Recording: what channels heard, byte for byte, kept in files that rotate."""
