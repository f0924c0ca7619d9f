"""Rule plug-ins: puts alert rules of others among those that are asked once a second.

What one raises ends its own turn alone; its open alerts stay as they are. It speaks in its own
name, and a call for help is not its to end.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final, TypeVar

import msgspec

from patrol.alarms.rules import RULES
from patrol.alarms.scene import AlertRule, Condition, Scene
from radio_gateway.plugins.plugin import Plugin, PluginError
from radio_gateway.plugins.plugins import PLUGINS

R = TypeVar("R")
_NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,39}")
_ENCODER: Final = msgspec.msgpack.Encoder()
_DECODER: Final = msgspec.msgpack.Decoder(Condition)


def load_rule_plugins() -> None:
    """Put the rules of allowed packages into `RULES`; none of them raises (`Plugins.found`)."""
    PLUGINS.fill("rules", RULES, _guarded, names=_NAME)


def _guarded(plugin: Plugin, offered: object | None) -> AlertRule | None:
    """Return a rule as it is asked; None for what is none."""
    if offered is None:
        return None
    if not isinstance(offered, AlertRule):
        plugin.stop("failed", f"is no AlertRule but {type(offered).__name__}")
        return None
    if offered.name != plugin.name:
        plugin.stop("refused", f"its rule calls itself {str(offered.name)[:40]!r}")
        return None
    if offered.latched:
        plugin.stop("refused", "only a call for help is latched")
        return None

    def find(scene: Scene) -> list[Condition]:
        found = plugin.call(lambda: list(offered.find(scene)))
        return [_checked(plugin, each) for each in found]

    return offered._replace(
        find=find,
        unsure=_limited(plugin, offered.unsure),
        ended=_limited(plugin, offered.ended),
        interruption=_limited(plugin, offered.interruption),
    )


def _limited(plugin: Plugin, function: Callable[..., R]) -> Callable[..., R]:
    def limited(*arguments: object) -> R:
        return plugin.call(function, *arguments)

    return limited


def _checked(plugin: Plugin, condition: object) -> Condition:
    """Return a condition with every field of its type.

    Raises:
        PluginError: If it is none, or another rule's.
    """
    try:
        if not isinstance(condition, Condition):
            raise TypeError(type(condition).__name__)
        checked = _DECODER.decode(_ENCODER.encode(condition))
    except (msgspec.ValidationError, TypeError, ValueError, RecursionError) as error:
        fault = f"finds what is no condition: {error}"
    else:
        times = (checked.since, checked.over)
        if checked.rule == plugin.name and all(each is None or each.tzinfo for each in times):
            return checked
        fault = "finds a condition of another rule, or a time without a zone"
    plugin.note_failure(fault)
    raise PluginError(str(plugin), fault)
