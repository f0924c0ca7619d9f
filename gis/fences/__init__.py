"""Fences: areas that are watched on moves; who came in, went out, passed through or went round."""
