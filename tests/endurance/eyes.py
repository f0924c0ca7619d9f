"""What operators are shown meanwhile: health for a supervisor, channels and alerts for people."""

from __future__ import annotations

import threading
import time
from typing import Any, Final

import httpx

from tests.endurance.node import Node
from tests.endurance.stage import sign_in

EVERY_S: Final = 1.0


class Eyes:
    """A commander's page, looked at once a second on a thread.

    Args:
        node: What is looked at.
    """

    def __init__(self, node: Node) -> None:
        self._node = node
        self._lock = threading.Lock()
        self._shown: dict[str, float] = {}
        self._alerts: set[str] = set()
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._look, name="eyes", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Look no more."""
        self._end.set()
        self._thread.join(15)

    def take(self) -> dict[str, float]:
        """Return what was shown since the last time, and when it was first (monotonic seconds)."""
        with self._lock:
            shown, self._shown = self._shown, {}
        return shown

    def _look(self) -> None:
        client: httpx.Client | None = None
        first = True
        while not self._end.wait(EVERY_S):
            try:
                if client is None:
                    client = sign_in(self._node, "commander")
                self._see(client, note_alerts=not first)
                first = False
            except httpx.TransportError:
                self._note("no answer")
            except httpx.HTTPStatusError as error:
                self._note(f"HTTP {error.response.status_code}")
                if error.response.status_code in (401, 403) and client is not None:
                    client.close()
                    client = None
        if client is not None:
            client.close()

    def _see(self, client: httpx.Client, *, note_alerts: bool) -> None:
        health = client.get("/api/health")
        if health.status_code != 200:
            self._note(f"health {health.status_code} {health.json()['status']}")
        channels: list[dict[str, Any]] = client.get("/api/channels").raise_for_status().json()
        for each in channels:
            fault = each.get("fault") or ""
            if each["state"] not in ("open", "silent") or fault:
                self._note(f"channel {each['name']}: {each['state']}{_after(fault)}")
        alerts: list[dict[str, Any]] = client.get("/api/alerts").raise_for_status().json()
        for each in alerts:
            if each["id"] not in self._alerts and note_alerts:
                self._note(f"alert {each['rule']} ({each['severity']})")
            self._alerts.add(each["id"])

    def _note(self, what: str) -> None:
        with self._lock:
            self._shown.setdefault(what, time.monotonic())


def _after(fault: str) -> str:
    return f": {fault[:70]}" if fault else ""
