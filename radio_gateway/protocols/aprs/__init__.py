"""APRS (Protocol Reference 1.0.1) over AX.25, KISS and APRS-IS."""
