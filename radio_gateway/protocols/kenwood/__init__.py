"""Kenwood FleetSync and NEXEDGE radios."""
