"""OGC API - Features: collections for QGIS and other GIS programs."""
