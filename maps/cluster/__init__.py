"""Cluster: one node in several processes or on several computers, joined by an MQTT broker."""
