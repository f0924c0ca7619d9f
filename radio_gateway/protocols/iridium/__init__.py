"""Iridium short burst data by RockBLOCK."""
