"""Report document: blocks of text, tables, maps and charts, whatever format they are written in."""
