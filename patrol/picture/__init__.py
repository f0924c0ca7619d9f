"""Picture: what is known of every unit now, from all messages received."""
