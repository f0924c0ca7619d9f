"""Sectors: areas, corridors and no-go areas that planners draw, and the site's geography."""
