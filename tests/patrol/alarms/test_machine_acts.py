"""What a command on the machine does to another agency's people is raised for that agency, once."""

from __future__ import annotations

from patrol.alarms.machine_acts import MachineActs
from patrol.alerts.alert import Alert
from patrol.documents.transaction import COMMAND_LINE, Note
from patrol.filing.journal_writer import JournalWriter
from tests.patrol.nodes.alerting import tick
from tests.patrol.nodes.running import AGENCY, OTHER, Node, at


def note(agency: str, *, actor: str = COMMAND_LINE, subject: str = "user:noi") -> Note:
    return Note(act="change user", actor=actor, agency=agency, subject=subject)


async def told(node: Node, *notes: Note) -> None:
    journal_writer = JournalWriter(store=node.watch.store, node="hx", now=lambda: node.time)
    await journal_writer.note(*notes)


def acts(node: Node) -> MachineActs:
    found = MachineActs(node.watch.store, agency=AGENCY, now=lambda: node.time)
    node.watch.alarms.machine_acts = found.new
    return found


def raised(node: Node) -> list[Alert]:
    found = [
        each
        for each in node.watch.document_service.open_documents.all(Alert)
        if each.rule == "machine_act"
    ]
    return sorted(found, key=lambda each: int(each.subject))


async def test_only_what_the_machine_did_to_another_agencys_people_is_raised(node: Node) -> None:
    looks = acts(node)
    await looks.look()
    await told(
        node,
        note(OTHER),
        note(AGENCY),
        note(OTHER, actor="boss"),
        note(OTHER, subject="sector:s1"),
        note(OTHER, subject="token:t1"),
    )
    await looks.look()
    assert [(each.agency, each.name) for each in looks.new()] == [(OTHER, "noi"), (OTHER, "t1")]
    await tick(node, 1)
    assert [(each.agency, each.facts["name"]) for each in raised(node)] == [
        (OTHER, "noi"),
        (OTHER, "t1"),
    ]


async def test_what_was_done_while_nothing_ran_is_raised_at_the_next_start_and_once(
    node: Node,
) -> None:
    await told(node, note(OTHER))
    node.time = at(3600)
    looks = acts(node)
    await looks.look()
    await tick(node, 3601)
    [alert] = raised(node)
    await tick(node, 7200)  # it holds, though it is new no more
    assert [each.id for each in raised(node)] == [alert.id]
    again = acts(node)
    await again.look()
    assert again.new() == []
