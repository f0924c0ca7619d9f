"""Uplink: a gateway's spool and signed envelopes to its node, and the node's receipts."""
