"""Counterpart: messages to and from the node of the other agency."""
