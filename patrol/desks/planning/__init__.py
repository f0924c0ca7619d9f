"""Desks of planning: patrols, sectors, the roster, plans checked for conflicts."""
