"""Typesetting: a report on paper, laid out in a process of its own."""
