"""Sharing: what of one agency's units and documents another may see, and how coarse."""
