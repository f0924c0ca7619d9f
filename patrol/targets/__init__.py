"""Targets: the target as a document, its sightings, custody and hand-off between agencies."""
