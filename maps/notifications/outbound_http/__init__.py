"""Outbound HTTP: requests to addresses that the operator allowed, with limits."""
