"""Feeds: units and marks for other programs, as AIS, NMEA 0183 and Cursor on Target."""
