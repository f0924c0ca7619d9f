"""Proof: whether the journal, a day of it or all of it, is as it was written."""
