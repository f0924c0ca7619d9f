"""Geometry: shapes and distances on the ellipsoid, GeoJSON, WKB and vector tiles."""
