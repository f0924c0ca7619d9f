"""River: centrelines, kilometres along them, banks, and the way between two places on one river."""
