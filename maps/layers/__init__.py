"""Map layers of a site: the background map, the crew's small map, archives of tiles."""
