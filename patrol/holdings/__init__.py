"""What an agency holds on somebody."""
