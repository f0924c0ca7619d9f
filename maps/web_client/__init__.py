"""The built web client: where it lies and which build it is."""
