"""Patrols: planned and under way, with plan and conflicts."""
