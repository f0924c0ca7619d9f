"""Targets: what is looked for, its sightings, who has custody, and hand-offs between agencies."""
