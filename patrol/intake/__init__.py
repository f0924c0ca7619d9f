"""Intake: the steps of a batch of received messages, from deduplication to commit."""
