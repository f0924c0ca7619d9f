"""Clock: steady and wall time, and what happens when that one is set."""
