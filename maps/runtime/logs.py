"""Logs: one line an event on standard error, without secrets; readable on a terminal, else JSON."""

from __future__ import annotations

import logging
import sys
from collections.abc import MutableMapping
from typing import Any, Final

import structlog

_SECRET: Final = ("password", "secret", "token", "key", "cookie", "authorization")


def set_up_logging(*, level: str = "info") -> None:
    """Send what we and our libraries log to standard error.

    Args:
        level: Least level of our own events, by name; libraries tell warnings and worse.
    """
    terminal = sys.stderr.isatty()
    # The renderer's own way with errors would print every local variable, secrets and all.
    last: Any = (
        structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
        if terminal
        else structlog.processors.JSONRenderer()
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            hide_secrets,
            *([] if terminal else [structlog.processors.format_exc_info]),
            last,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(
        level=logging.WARNING, stream=sys.stderr, format="%(levelname)s %(name)s: %(message)s"
    )


def hide_secrets(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> Any:
    """Put a dot for whatever stands under a secret's name."""
    for name in event:
        if any(word in name.lower() for word in _SECRET):
            event[name] = "…"
    return event
