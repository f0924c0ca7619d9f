"""Rendering: a report document as HTML, PDF, map page or Excel file."""
