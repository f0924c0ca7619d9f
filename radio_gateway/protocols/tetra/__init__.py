"""TETRA: location (LIP) and status in short data."""
