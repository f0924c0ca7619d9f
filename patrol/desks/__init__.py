"""Desks: all that one user may see and do; whatever a user reads or changes goes through one."""
