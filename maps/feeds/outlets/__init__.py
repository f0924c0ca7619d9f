"""Outlets: connections by which a feed leaves: TCP client, TCP server, UDP."""
