"""Files: GeoPackage, Shapefile, KML, KMZ, GPX, CSV and GeoJSON, read with faults by feature, and
written."""
