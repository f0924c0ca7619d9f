"""NMEA 0183: sentences, and the fast reader of RMC."""
