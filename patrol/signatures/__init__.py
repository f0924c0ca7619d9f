"""Signatures: the keys of nodes, and the signatures that officers give with keys of their own."""
