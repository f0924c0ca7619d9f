"""Intake: what is made of a batch of what was heard."""
