"""Forms: what people write, checked field by field: bodies of requests, tables of settings."""
