"""Sender: the gateway's end: what goes next, and what was received."""
