"""Inbox: what is decoded and waits to be taken, calls for help first."""
