"""Senders: one file for each way out: mail, web push, webhook, a text on the radio."""
