"""An alert rule of others: it rings as all do, and what it does wrong stays its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from patrol.alarms.rule_plugins import load_rule_plugins
from patrol.alarms.rules import RULES
from radio_gateway.plugins.plugins import PLUGINS
from tests.fixtures.plugin_packages import on_the_path, write_package
from tests.patrol.nodes.alerting import hear, only, tick, unit
from tests.patrol.nodes.running import Node, said

GROUP = "joint_patrol.rules"

ODD = """
    from patrol.alarms.scene import AlertRule, Condition, about

    def find(scene):
        for contact in scene.contacts.values():
            {what}
            yield Condition(
                rule="odd", subject=contact.id, severity="low", since=scene.started_at,
                **about(contact)
            )

    RULE = AlertRule({name!r}, find{more})
"""


@pytest.fixture
def packages(tmp_path: Path) -> Iterator[Path]:
    with on_the_path(tmp_path):
        yield tmp_path


def load(folder: Path, *, entry: str = "odd", **parts: str) -> None:
    source = ODD.format(**{"what": "", "name": "odd", "more": ""} | parts)
    write_package(folder, "odd-rules", source, {GROUP: {entry: "odd_rules:RULE"}})
    PLUGINS.allow(("odd-rules",))
    load_rule_plugins()


def state() -> tuple[str, str | None]:
    (plugin,) = PLUGINS.found()
    return plugin.state, plugin.fault


async def test_one_that_is_allowed_raises_an_alert(packages: Path, node: Node) -> None:
    load(packages)
    boat = await unit(node)
    await hear(node, said("a", 1))
    await tick(node, 2)
    assert (only(node).rule, only(node).unit) == ("odd", boat)
    assert state() == ("running", None)


@pytest.mark.parametrize(
    ("what", "fault"),
    [
        ("raise ValueError('on purpose')", "raised ValueError: on purpose"),
        ("yield 7", "finds what is no condition: int"),
        (
            "yield Condition(rule='sos', subject='x', agency='a', severity='sos', since=scene.now)",
            "finds a condition of another rule",
        ),
        (
            "yield Condition(rule='odd', subject=7, agency='a', severity='low', since=scene.now)",
            "finds what is no condition",
        ),
    ],
)
async def test_what_it_does_wrong_leaves_the_others_at_work(
    packages: Path, node: Node, what: str, fault: str
) -> None:
    load(packages, what=what)
    await unit(node)
    await hear(node, said("a", 1, distress=True))
    await tick(node, 2)
    assert only(node).rule == "sos"
    assert fault in str(state()[1])


@pytest.mark.parametrize(
    ("entry", "parts", "fault"),
    [
        ("sos", {}, "there is another 'sos', which stays"),
        ("odd", {"name": "sos"}, "its rule calls itself 'sos'"),
        ("odd", {"more": ", latched=True"}, "only a call for help is latched"),
    ],
)
def test_one_that_would_stand_for_another_is_refused(
    packages: Path, entry: str, parts: dict[str, str], fault: str
) -> None:
    before = dict(RULES)
    load(packages, entry=entry, **parts)
    assert before == RULES
    assert state() == ("refused", fault)


def test_what_is_no_rule_is_not_asked(packages: Path) -> None:
    write_package(packages, "odd-rules", "RULE = print", {GROUP: {"odd": "odd_rules:RULE"}})
    PLUGINS.allow(("odd-rules",))
    load_rule_plugins()
    assert "odd" not in RULES
    assert state()[0] == "failed"
