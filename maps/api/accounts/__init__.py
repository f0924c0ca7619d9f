"""Routes of accounts: sessions, users, devices, tokens, agencies, single sign-on."""
