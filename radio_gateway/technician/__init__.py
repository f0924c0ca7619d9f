"""Technician's tools: monitor, sniff, record, replay and decode."""
