"""Receiver: the node's end of a gateway's uplink."""
