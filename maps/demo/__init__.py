"""Demo: the scripted joint patrol, through real ports and brokers."""
