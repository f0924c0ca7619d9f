"""Meshtastic over serial, MQTT and JSON."""
