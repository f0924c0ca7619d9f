"""Report jobs: reports made aside, one at a time, now or by schedule."""
