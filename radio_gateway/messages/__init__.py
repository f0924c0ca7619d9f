"""Messages: what radios say, as structs."""
