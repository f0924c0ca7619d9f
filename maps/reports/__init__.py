"""Reports that leave the system as one file. A new report is one file and one line here."""

from __future__ import annotations

from maps.reports.debrief import debrief

REPORTS = {"debrief": debrief}
"""By name: what makes the page."""
