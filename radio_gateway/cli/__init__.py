"""Command line: `radio-gateway …`."""
