"""MOTOTRBO location (LRRP) and registration (ARS)."""
