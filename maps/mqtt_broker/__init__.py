"""MQTT broker: the small broker inside a node, and who may read or write which topic."""
