"""Accounts: who may come in, and what they must show."""
