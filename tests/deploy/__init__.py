"""Tests of what releases are made by: Debian packages, pins, and a whole clean Debian by hand."""
