"""Cursor on Target: XML and the TAK protocol."""
