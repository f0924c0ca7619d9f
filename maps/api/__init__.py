"""API: routers, by the noun they are about."""
