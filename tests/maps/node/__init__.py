"""Tests of how a node fares on its computer."""
