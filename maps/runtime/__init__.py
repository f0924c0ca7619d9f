"""Runtime: how a process runs: event loop, memory, logs, imports that wait, folders written
whole."""
