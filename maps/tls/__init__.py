"""TLS: certificates, the office's own authority, checks of files."""
