"""Holdings: search for the records that an agency holds about a person or thing."""
