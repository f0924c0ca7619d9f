"""Channels: a configured link with its protocol, in and out."""
