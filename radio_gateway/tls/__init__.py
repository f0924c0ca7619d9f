"""TLS of links."""
