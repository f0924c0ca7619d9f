"""Plugin: one plug-in of this environment: what it is, whether it runs, what it costs."""

from __future__ import annotations

import time
from collections.abc import Callable
from importlib.metadata import EntryPoint
from typing import Final, Literal, ParamSpec, TypeVar

import msgspec
import structlog

from radio_gateway.errors.errors import GatewayError
from radio_gateway.plugins.time_limit import TimeLimitExceeded, call_within

BUDGET_S: Final = 0.05
"""A call that takes longer is slow: it is counted and named."""
LIMIT_S: Final = 1.0
"""A call that takes longer is broken off."""
IMPORT_LIMIT_S: Final = 10.0
MOST_SLOW_S: Final = 3.0
SLOW_SHARE: Final = 0.05
"""Slow calls may take this share of the time, and `MOST_SLOW_S` in advance; then it is off."""
LATELY_S: Final = 600.0
_LOG_EVERY_S: Final = 60.0

P = ParamSpec("P")
R = TypeVar("R")
_log = structlog.get_logger(__name__)

PluginState = Literal["not_allowed", "running", "refused", "failed", "off"]


class PluginError(GatewayError):
    """A plug-in did not do what it was called for.

    Args:
        plugin: Its name and package.
        fault: What happened.
        off: It is not called any more.
    """

    def __init__(self, plugin: str, fault: str, *, off: bool = False) -> None:
        self.fault, self.off = fault, off
        super().__init__(f"plug-in {plugin}: {fault}")


class PluginHealth(msgspec.Struct, frozen=True, kw_only=True):
    """How one plug-in of this environment fares in this process.

    Attributes:
        kind: What it adds to: `protocols`, `transports`, `rules`, `reports` or `notifications`.
        name: The name it goes by there.
        package: The package that brings it, as `[plugins] allowed` names it.
        version: Its version.
        state: `not_allowed` (found, never loaded), `running`, `refused` (its name is taken, or
            it is not what it must be), `failed` (could not be loaded) or `off` (too slow).
        fault: Why it does not run, or what was last wrong with it; None when it is well.
        calls: How often it was called.
        failures: How often it raised what it must not.
        slow: How often it took longer than 50 ms.
        longest_ms: The longest it took, milliseconds.
    """

    kind: str
    name: str
    package: str
    version: str
    state: PluginState
    fault: str | None = None
    calls: int = 0
    failures: int = 0
    slow: int = 0
    longest_ms: float = 0.0


class Plugin:
    """One plug-in.

    Args:
        entry: Its entry point.
        package: The package that brings it.
        version: The package's version.

    Attributes:
        kind: As in `PluginHealth`.
        name: As there.
        package: As there.
        state: As there.
    """

    def __init__(self, entry: EntryPoint, *, package: str, version: str) -> None:
        self.kind, self.name = entry.group.rpartition(".")[2], entry.name
        self.package, self.version = package, version
        self.state: PluginState = "not_allowed"
        self._entry = entry
        self._fault: str | None = None
        self._fault_s = 0.0
        self._logged_s = -_LOG_EVERY_S
        self._calls = self._failures = self._slow = 0
        self._longest_s = self._slow_s = self._slow_at_s = 0.0

    def __str__(self) -> str:
        """Return its name, package and version."""
        return f"{self.name} ({self.package} {self.version})"

    @property
    def fault(self) -> str | None:
        """Why it does not run, or what was wrong with it in the last ten minutes."""
        if self.state == "running" and time.monotonic() - self._fault_s > LATELY_S:
            return None
        return self._fault

    def health(self) -> PluginHealth:
        """Return how it fares now."""
        return PluginHealth(
            kind=self.kind,
            name=self.name,
            package=self.package,
            version=self.version,
            state=self.state,
            fault=self.fault,
            calls=self._calls,
            failures=self._failures,
            slow=self._slow,
            longest_ms=round(1000 * self._longest_s, 1),
        )

    def load(self) -> object | None:
        """Import it; return what its entry point names, None when that failed."""
        try:
            loaded: object = call_within(IMPORT_LIMIT_S, self._entry.load)
        except TimeLimitExceeded:
            self.stop("failed", f"took longer than {IMPORT_LIMIT_S:g} s to be imported")
        # its import may end the program (SystemExit), and any plug-in's fault stays in it
        except (Exception, SystemExit) as error:  # noqa: BLE001 - logged and named
            self.stop("failed", f"cannot be imported: {type(error).__name__}: {error}")
        else:
            self.state = "running"
            return loaded
        return None

    def stop(self, state: PluginState, fault: str) -> None:
        """Have it run no more in this process, and say why."""
        self.state, self._fault = state, fault
        _log.error("plugin_stopped", plugin=str(self), kind=self.kind, state=state, fault=fault)

    def call(self, function: Callable[P, R], *arguments: P.args, **named: P.kwargs) -> R:
        """Return what a function of the plug-in returns.

        Raises:
            PluginError: If it raised, was broken off, or is off; a GatewayError that it raised, as
                it is.
        """
        if self.state != "running":
            raise PluginError(str(self), self._fault or "does not run", off=True)
        self._calls += 1
        began_s = time.monotonic()
        try:
            return call_within(LIMIT_S, function, *arguments, **named)
        except GatewayError:
            raise
        except TimeLimitExceeded:
            fault = f"took longer than {LIMIT_S:g} s and was broken off"
            self._note(fault)
            raise PluginError(str(self), fault) from None
        except (Exception, SystemExit) as error:
            fault = f"raised {type(error).__name__}: {error}"
            self.note_failure(fault)
            raise PluginError(str(self), fault) from error
        finally:
            took_s = time.monotonic() - began_s
            if took_s > self._longest_s:
                self._longest_s = took_s
            if took_s > BUDGET_S:
                self._note_slow(took_s)

    def note_failure(self, fault: str) -> None:
        """Note that it did what it must not."""
        self._failures += 1
        self._note(fault)

    def _note_slow(self, took_s: float) -> None:
        now_s = time.monotonic()
        leaked_s = (now_s - self._slow_at_s) * SLOW_SHARE
        self._slow += 1
        self._slow_s = max(0.0, self._slow_s - leaked_s) + took_s
        self._slow_at_s = now_s
        if self._slow_s > MOST_SLOW_S:
            fault = f"switched off: {self._slow} calls took longer than {1000 * BUDGET_S:g} ms"
            self.stop("off", f"{fault}, the last one {1000 * took_s:.0f} ms")
        elif took_s <= LIMIT_S:
            self._note(f"took {1000 * took_s:.0f} ms, longer than {1000 * BUDGET_S:g} ms")

    def _note(self, fault: str) -> None:
        now_s = time.monotonic()
        self._fault, self._fault_s = fault, now_s
        if now_s - self._logged_s >= _LOG_EVERY_S:  # every frame may bring one
            self._logged_s = now_s
            _log.warning("plugin_fault", plugin=str(self), kind=self.kind, fault=fault)
