"""Carriers: how envelopes come and go between this node and its counterparts; HTTPS both ways."""
