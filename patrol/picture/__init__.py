"""Picture: what is known of every unit now, from all that was heard."""
