"""Routes of the map: tiles, layers, river addresses, import, export, coverage, replay."""
