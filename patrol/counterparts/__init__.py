"""Counterparts: nodes of other offices, the cards that they show, and how they are met."""
