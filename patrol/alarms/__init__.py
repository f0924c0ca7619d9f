"""Alarms: the rules that raise and end alerts, and the engine that runs them."""
