"""Writers: units and marks as messages of a standard: AIS, NMEA 0183, Cursor on Target."""
