"""Decoding: what a decoder and a framer of any protocol are."""
