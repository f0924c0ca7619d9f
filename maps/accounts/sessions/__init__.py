"""Sessions: sign-in, by password, link or provider, and how long it lasts."""
