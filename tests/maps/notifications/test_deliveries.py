"""Which alerts leave, once each, in what order and how many, over crashes and refusals."""

from __future__ import annotations

import asyncio
import json
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from maps.notifications import delivery_sender
from maps.notifications import throttle as pace
from patrol.alerts.lifecycle import come_live, worsen
from patrol.errors.errors import StoreError
from patrol.units import permissions
from tests.fixtures.databases import empty_store
from tests.fixtures.patience import until
from tests.maps.notifications.receiving import HttpReceiver, answer, receiving
from tests.maps.notifications.running import Delivers, delivers, hook, rule
from tests.patrol.nodes.running import AGENCY, OTHER, Node, at, reading


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pace, "FIRST_WAIT_S", 0.1)
    monkeypatch.setattr(delivery_sender, "TICK_S", 0.1)


def told(receiver: HttpReceiver) -> list[tuple[str, str, int]]:
    """Return subject's id, occasion and version of all that was posted, in order."""
    return [
        (answer["id"], answer["occasion"], answer["version"])
        for post in receiver.posts
        for answer in json.loads(post.body)["alerts"]
    ]


def tables(receiver: HttpReceiver, *rules: dict[str, Any]) -> dict[str, Any]:
    return {"webhooks": [hook(receiver.port)], "delivery": list(rules) or [rule()]}


async def settle(it: Delivers) -> None:
    """Wait until nothing is on its way, and a little more, for what should not come."""
    await asyncio.sleep(0.4)
    await until(lambda: all(not each.waiting for each in it.delivering.health()), "rest")


async def test_raised_and_escalated_are_notified_and_other_steps_only_if_configured(
    tmp_path: Path,
) -> None:
    async with receiving() as plain, receiving() as all_of_it:
        webhooks = [hook(plain.port), hook(all_of_it.port, "all")]
        rules = [
            rule(),
            rule(
                name="all",
                to=["all"],
                on=["raised", "escalated", "acknowledged", "settled"],
            ),
        ]
        async with delivers(tmp_path, webhooks=webhooks, delivery=rules) as it:
            alert = await it.raise_alert()
            await plain.until(1)
            alert = await it.escalate(alert)
            await plain.until(2)
            alert = await it.escalate(alert)
            await plain.until(3)
            alert = await it.acknowledge(alert)
            await all_of_it.until(4)
            alert = await it.resolve(alert)
            await all_of_it.until(5)
            await settle(it)
            id = alert.id
            assert told(plain) == [(id, "raised", 1), (id, "escalated", 2), (id, "escalated", 3)]
            assert told(all_of_it) == [
                *told(plain),
                (id, "acknowledged", 4),
                (id, "settled", 5),
            ]


async def test_an_alert_of_late_fixes_is_not_notified_until_live_ones_confirm_it(
    tmp_path: Path,
) -> None:
    async with receiving() as receiver, delivers(tmp_path, **tables(receiver)) as it:
        alert = await it.raise_alert(historical=True)
        await settle(it)
        assert await it.kept() == []
        await it.file(come_live(alert, at=it.node.time))
        await receiver.until(1)
        assert told(receiver) == [(alert.id, "raised", 2)]


async def test_what_is_more_severe_now_is_delivered_anew(tmp_path: Path) -> None:
    async with receiving() as receiver:
        rules = [rule(name="all"), rule(name="worst", severities=["sos", "high"])]
        async with delivers(tmp_path, **tables(receiver, *rules)) as it:
            alert = await it.raise_alert(severity="low")
            await it.settled(1)
            await it.file(worsen(alert, at=it.node.time, severity="high"))
            found = await it.settled(2)
            assert sorted((each.alert_version, each.severity) for each in found) == [
                (1, "low"),
                (2, "high"),
            ]


async def test_severity_rule_level_hours_and_agency_choose(tmp_path: Path) -> None:
    async with receiving() as receiver:
        rules = [
            rule(name="severity", severities=["sos"]),
            rule(name="kind", rules=["no_go"]),
            rule(name="level", escalation=2),
            rule(name="night", hours="20:00-06:00"),  # it is 19:00 in Vientiane
            rule(name="theirs", agency=OTHER),
        ]
        async with delivers(tmp_path, **tables(receiver, *rules)) as it:
            alert = await it.raise_alert(1)
            alert = await it.escalate(alert)
            await settle(it)
            assert await it.kept() == []
            alert = await it.escalate(alert)
            await it.settled(1)
            worst = await it.raise_alert(2, severity="sos")
            await it.settled(2)
            others = await it.raise_alert(4, agency=OTHER)
            await it.settled(3)
            for each in (alert, worst, others):  # an hour on, the node itself would escalate them
                await it.acknowledge(each)
            it.node.time = at(3600)
            await it.raise_alert(5)
            found = await it.settled(4)
            assert sorted(each.rule for each in found) == ["level", "night", "severity", "theirs"]
            theirs = next(each for each in found if each.rule == "theirs")
            assert theirs.agency == OTHER


async def test_two_rules_for_one_receiver_notify_it_once(tmp_path: Path) -> None:
    async with receiving() as receiver:
        rules = [rule(), rule(name="again")]
        async with delivers(tmp_path, **tables(receiver, *rules)) as it:
            await it.raise_alert()
            await it.settled(1)
            await settle(it)
            assert len(receiver.posts) == 1
            assert len(await it.kept()) == 1


async def test_a_delivery_is_kept_before_it_is_tried_and_survives_a_restart(
    tmp_path: Path,
) -> None:
    async with receiving() as receiver:
        port = receiver.port
    file = tmp_path / "patrol.db"
    body: dict[str, Any] = {"webhooks": [hook(port)], "delivery": [rule()]}
    async with delivers(tmp_path, node=Node(file), **body) as it:
        await it.raise_alert()
        await until(lambda: it.delivering.health()[0].fault, "a fault")
    with reading(file) as database:
        answer = database.execute(
            "select count(*) from papers where kind = 'delivery' and closed = 0"
        ).fetchone()
        assert answer[0] == 1
    async with receiving(port=port) as back:
        async with delivers(tmp_path, node=Node(file, 10), **body) as it:
            await it.settled(1)
        async with delivers(tmp_path, node=Node(file, 20), **body) as it:
            await settle(it)
        assert len(back.posts) == 1


async def test_a_node_killed_while_it_posts_posts_again_under_the_same_id(tmp_path: Path) -> None:
    killed = asyncio.Event()

    async def hold(_: asyncio.StreamWriter) -> None:
        await killed.wait()

    async with receiving() as receiver:
        receiver.hold = hold
        child = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "tests.maps.notifications.killed_while_sending",
            str(tmp_path),
            str(receiver.port),
            empty_store(tmp_path / "patrol.db"),
            cwd=Path(__file__).parents[3],
        )
        try:
            await receiver.until(1, seconds=60)
        finally:
            child.kill()
            await child.wait()
        killed.set()
        async with delivers(
            tmp_path, node=Node(tmp_path / "patrol.db", 5), **tables(receiver)
        ) as it:
            (delivery,) = await it.settled(1)
            assert delivery.state == "sent"
        first, second = receiver.posts
        assert first.headers["webhook-id"] == second.headers["webhook-id"] == delivery.id


async def test_an_alert_filed_just_before_a_crash_is_delivered_after_it(tmp_path: Path) -> None:
    file = tmp_path / "patrol.db"
    async with receiving() as receiver:
        body = tables(receiver)
        async with delivers(tmp_path, node=Node(file)) as before:  # it delivers nothing
            open_ = await before.raise_alert(1)
            escalated = await before.escalate(await before.raise_alert(2))
            over = await before.resolve(await before.raise_alert(3))
        async with delivers(tmp_path, node=Node(file, 60), **body) as it:
            await it.settled(4)
            await settle(it)
            # What came to an alert before the start is told as the one thing it is.
            assert {(id, occasion) for id, occasion, _ in told(receiver)} == {
                (open_.id, "raised"),
                (escalated.id, "escalated"),
                (over.id, "raised"),
            }
            posts = len(receiver.posts)
        async with delivers(tmp_path, node=Node(file, 120), **body) as it:
            await settle(it)
            assert len(receiver.posts) == posts
            # and what comes next of the alerts that were open is news
            await it.escalate(escalated)
            await receiver.until(posts + 1)
            assert told(receiver)[-1] == (escalated.id, "escalated", 3)


async def test_old_news_is_not_delivered_after_a_long_stop(tmp_path: Path) -> None:
    file = tmp_path / "patrol.db"
    async with receiving() as receiver:
        async with delivers(tmp_path, node=Node(file)) as before:
            open_ = await before.raise_alert(1)
            await before.resolve(await before.raise_alert(2))
        async with delivers(tmp_path, node=Node(file, 7200), **tables(receiver)) as it:
            await settle(it)
            raised = await it.raise_alert(3)
            await until(lambda: (raised.id, "raised", 1) in told(receiver), "the new one")
            # That the open one is escalated, in the first second after the start, is news.
            news = {(open_.id, "escalated"), (raised.id, "raised")}
            assert {each[:2] for each in told(receiver)} <= news
            assert told(receiver).count((raised.id, "raised", 1)) == 1
            assert {(each.alert, each.occasion) for each in await it.kept()} <= news


async def test_tries_have_an_end(tmp_path: Path) -> None:
    async with receiving() as gone:
        pass
    async with delivers(tmp_path, **tables(gone, rule(expires_in_s=60))) as it:
        await it.raise_alert()
        await until(lambda: it.delivering.health()[0].fault, "a fault")
        it.node.time += timedelta(seconds=61)
        (delivery,) = await it.settled(1)
        assert delivery.state == "expired"
        assert delivery.attempts >= 1
        assert "cannot be reached" in delivery.fault


async def test_a_newer_version_goes_in_place_of_one_that_waits(tmp_path: Path) -> None:
    async with receiving() as receiver:
        port = receiver.port
    async with delivers(tmp_path, webhooks=[hook(port)], delivery=[rule()]) as it:
        alert = await it.raise_alert()
        await until(lambda: it.delivering.health()[0].fault, "a fault")
        await it.escalate(alert)
        await it.settled(1)
        async with receiving(port=port) as back:
            found = {each.alert_version: each.state for each in await it.settled(2)}
            assert found == {1: "superseded", 2: "sent"}
            assert told(back) == [(alert.id, "escalated", 2)]


async def test_what_it_says_is_made_at_each_try(tmp_path: Path) -> None:
    async with receiving() as receiver:
        port = receiver.port
    async with delivers(tmp_path, webhooks=[hook(port)], delivery=[rule()]) as it:
        alert = await it.raise_alert()
        await until(lambda: it.delivering.health()[0].fault, "a fault")
        await it.acknowledge(alert)
        async with receiving(port=port) as back:
            (post,) = await back.until(1)
            (answer,) = json.loads(post.body)["alerts"]
            assert (answer["occasion"], answer["state"], answer["version"]) == (
                "raised",
                "acknowledged",
                2,
            )


async def test_one_receiver_that_hangs_holds_up_no_other(tmp_path: Path) -> None:
    async def hang(_: asyncio.StreamWriter) -> None:
        await asyncio.sleep(30)

    async with receiving() as stuck, receiving() as well:
        stuck.hold = hang
        webhooks = [hook(stuck.port, "stuck", timeout_s=20), hook(well.port, "well")]
        rules = [rule(to=["stuck", "well"])]
        async with delivers(tmp_path, webhooks=webhooks, delivery=rules) as it:
            for number in range(3):
                await it.raise_alert(number)
                await well.until(number + 1, seconds=3)


async def test_a_storm_is_a_few_messages_and_loses_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """1,000 alerts at once, 6 messages in a window: measured by what the receiver took."""
    monkeypatch.setattr(pace, "WINDOW_S", 6.0)
    came_s: list[float] = []

    async def note(_: asyncio.StreamWriter) -> None:
        came_s.append(asyncio.get_running_loop().time())

    async with (
        receiving() as receiver,
        delivers(tmp_path, **tables(receiver, rule(per_minute=6))) as it,
    ):
        receiver.hold = note
        storm = [it.alert(number, severity="medium") for number in range(1000)]
        for start in range(0, 1000, 100):
            await it.file(*storm[start : start + 100])
        found = await it.settled(1000, seconds=60)
        assert {each.state for each in found} == {"sent"}
        for number, end_s in enumerate(came_s):
            assert sum(end_s - 5.9 < each <= end_s for each in came_s[: number + 1]) <= 6
        assert len(receiver.posts) <= 12
        posted = [json.loads(post.body) for post in receiver.posts]
        assert sum(len(each["alerts"]) + each["more"] for each in posted) == 1000
        assert all(len(each["alerts"]) <= 200 for each in posted)
        by_message = {each.message for each in found}
        assert by_message == {post.headers["webhook-id"] for post in receiver.posts}
        print(f"1,000 alerts in {len(receiver.posts)} messages")


async def test_no_storm_holds_a_call_for_help_back(tmp_path: Path) -> None:
    async with (
        receiving() as receiver,
        delivers(tmp_path, **tables(receiver, rule(per_minute=3))) as it,
    ):
        await it.file(*(it.alert(number, severity="low") for number in range(50)))
        await it.settled(50)
        posts = len(receiver.posts)
        assert posts <= 3
        await it.file(*(it.alert(number, severity="low") for number in range(100, 150)))
        await it.waiting(1)
        sos = await it.raise_alert(1000, severity="sos")
        await receiver.until(posts + 1, seconds=5)
        assert sos.id in [id for id, _, _ in told(receiver)]
        assert len(receiver.posts) <= 6


async def test_trickling_alerts_beyond_the_limit_wait_and_go_together(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pace, "WINDOW_S", 4.0)
    async with (
        receiving() as receiver,
        delivers(tmp_path, **tables(receiver, rule(per_minute=2))) as it,
    ):
        for number in range(6):
            await it.raise_alert(number)
            await receiver.until(min(number + 1, 2))
            await asyncio.sleep(0.05)
        await it.settled(6, seconds=30)
        counts = [len(json.loads(post.body)["alerts"]) for post in receiver.posts]
        assert counts[:2] == [1, 1]
        assert sum(counts) == 6
        assert len(counts) <= 4


async def test_what_went_and_could_not_be_noted_is_not_sent_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with receiving() as receiver, delivers(tmp_path, **tables(receiver)) as it:
        document_service, refuse, refused = it.node.watch.document_service, True, list[str]()
        real = document_service.file

        async def file(act: Any) -> Any:
            filing = act(document_service.open_documents, it.node.time)
            if refuse and filing.act == "send delivery":
                refused.append(filing.act)
                raise StoreError("disk full")
            return await real(act)

        monkeypatch.setattr(document_service, "file", file)
        await it.raise_alert()
        await receiver.until(1)
        await until(lambda: len(refused) >= 2, "a second try")
        assert [each.state for each in await it.kept()] == ["waiting"]
        refuse = False
        (delivery,) = await it.settled(1)
        assert delivery.state == "sent"
        assert len(receiver.posts) == 1


async def test_what_cannot_be_stored_now_is_stored_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with receiving() as receiver, delivers(tmp_path, **tables(receiver)) as it:
        document_service, refuse, refused = it.node.watch.document_service, True, list[str]()
        real = document_service.file

        async def file(act: Any) -> Any:
            if refuse and act(document_service.open_documents, it.node.time).act == "deliver alert":
                refused.append("deliver alert")
                raise StoreError("disk full")
            return await real(act)

        monkeypatch.setattr(document_service, "file", file)
        await it.raise_alert()
        await until(lambda: len(refused) >= 2, "a second try")
        assert await it.kept() == []
        refuse = False
        await it.settled(1)
        assert len(receiver.posts) == 1


async def test_what_its_receiver_may_not_see_any_more_is_withheld(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with receiving() as receiver:
        port = receiver.port
    async with delivers(tmp_path, webhooks=[hook(port)], delivery=[rule()]) as it:
        await it.raise_alert()
        await until(lambda: it.delivering.health()[0].fault, "a fault")
        without = {**permissions.ACTS, "see alerts": frozenset({"admin"})}
        monkeypatch.setattr(permissions, "ACTS", without)
        async with receiving(port=port) as back:
            (delivery,) = await it.settled(1)
            assert delivery.state == "withheld"
            assert back.posts == []


async def test_a_receiver_that_left_the_settings_gets_nothing(tmp_path: Path) -> None:
    file = tmp_path / "patrol.db"
    async with receiving() as receiver:
        port = receiver.port
    webhooks = [hook(port)]
    async with delivers(tmp_path, node=Node(file), webhooks=webhooks, delivery=[rule()]) as it:
        await it.raise_alert()
        await until(lambda: it.delivering.health()[0].fault, "a fault")
    async with receiving(port=port) as back:
        async with delivers(tmp_path, node=Node(file, 5), webhooks=webhooks) as it:
            (delivery,) = await it.settled(1)
            assert delivery.state == "withheld"
        assert back.posts == []


async def test_answers_for_one_alert_do_not_stop_the_next(tmp_path: Path) -> None:
    async with receiving() as receiver, delivers(tmp_path, **tables(receiver)) as it:
        receiver.answers = [answer(422)]
        await it.raise_alert(1)
        (delivery,) = await it.settled(1)
        assert delivery.state == "failed"
        assert it.delivering.health()[0].fault == "answered 422"
        await it.raise_alert(2)
        await it.settled(2)
        assert it.delivering.health()[0].fault == ""


async def test_nobody_of_another_agency_sees_deliveries(tmp_path: Path) -> None:
    async with receiving() as receiver, delivers(tmp_path, **tables(receiver)) as it:
        alert = await it.raise_alert()
        await it.settled(1)
        own = await it.node.desk("commander", AGENCY).deliveries.newest(alert=alert.id)
        assert [each.state for each in own] == ["sent"]
        assert await it.node.desk("commander", OTHER).deliveries.newest() == []
        assert it.delivering.health(OTHER) == []
