"""Kinds of report: one file for each."""
