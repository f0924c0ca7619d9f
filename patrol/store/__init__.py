"""Store: the database: its schema, its one writer, and what is read back."""
