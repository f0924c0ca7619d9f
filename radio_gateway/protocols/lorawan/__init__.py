"""Trackers over LoRaWAN."""
