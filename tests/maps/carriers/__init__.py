"""Tests of `maps.carriers`."""
