"""Tables of accounts: users, sessions, factors, enrolments."""
