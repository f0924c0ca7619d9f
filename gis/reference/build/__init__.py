"""Makes the reference layers that the product ships: `python -m gis.reference.build`."""
