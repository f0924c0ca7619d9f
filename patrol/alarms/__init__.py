"""Alarms: rules that compare what is known with the alerts that are open, and file what is new."""
