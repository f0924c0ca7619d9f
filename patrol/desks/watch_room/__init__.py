"""Desks of the watch room: alerts, crews, messages, the watch log."""
