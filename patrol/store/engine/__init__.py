"""Engine: SQLite and PostgreSQL, transactions, the writer, migrations, the lease."""
