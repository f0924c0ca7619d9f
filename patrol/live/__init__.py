"""What viewers are sent."""
