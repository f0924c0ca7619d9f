"""Wire: envelopes and signatures between gateway and node."""
