"""Tests of connections below the app."""
