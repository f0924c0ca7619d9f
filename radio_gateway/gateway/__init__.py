"""Gateway: the process beside the radios, with its settings and checks."""
