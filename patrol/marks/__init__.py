"""Marks: hazards, waypoints and meeting points that people marked."""
