"""Routes of units: radios, live stream, tracks, orders, feeds, positions that programs send."""
