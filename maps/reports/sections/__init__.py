"""Sections: parts that several kinds of report share."""
