"""Credentials: passwords, second factors, passkeys, and tokens with their scopes."""
