"""H02's status word: 32 bits, of which an alarm is one that is CLEARED; see `h02`."""

from __future__ import annotations

from radio_gateway.formats.tracker_report import TrackerReport

_IGNITION = 1 << 10
# the first one that is cleared names the alarm; a call for help goes before the rest
_ALARMS = ((1 << 1, "sos"), (1 << 18, "sos"), (1 << 0, "vibration"), (1 << 2, "overspeed"),
           (1 << 19, "powerCut"))  # fmt: skip


def read_status(word: int, report: TrackerReport) -> None:
    """Write what a status word says into a report.

    Args:
        word: 32 bits; 0 says nothing, for no tracker has every alarm at once.
        report: What is written to.
    """
    report.facts["status_word"] = f"{word:08X}"
    if word == 0:
        return
    report.facts["ignition"] = bool(word & _IGNITION)
    alarm = next((name for bit, name in _ALARMS if not word & bit), None)
    if alarm is not None:
        report.facts["alarm"] = alarm
    report.distress = alarm == "sos"
