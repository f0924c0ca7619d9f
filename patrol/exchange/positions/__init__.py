"""Positions between counterparts: what leaves, what is taken in, and whether all came."""
