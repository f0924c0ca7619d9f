"""Table of receptions: written in bulk, thinned out by retention."""
