"""Parsing: JSON, MessagePack and TOML, read with bounds."""
