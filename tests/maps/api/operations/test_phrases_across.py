"""A phrase that a Lao boat says as a code reads in Thai at Chiang Khong, by phone and by radio."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from maps.language.phrase_words import phrase_words, radio_words
from maps.language.word_files import FOLDER, read_part, texts_of
from maps.language.wording import words_of
from patrol.messages.message import Route
from patrol.messages.phrase_codes import NUMBERS, code_of, in_short
from patrol.units.accounts import LANGUAGES
from tests.maps.servers.offices import AGENCIES, THAI, Offices, two_offices
from tests.maps.servers.running import wait_until

PLACE = {"lon": 100.41, "lat": 20.27}


@pytest.fixture
async def offices(tmp_path: Path) -> AsyncIterator[Offices]:
    agencies = [{**each, "language": "th" if each["id"] == THAI else "lo"} for each in AGENCIES]
    async with two_offices(tmp_path, agencies=agencies) as running:
        yield running


async def boat(offices: Offices, call_sign: str = "Naga 1") -> tuple[str, str]:
    """Return a Lao boat and the key of its tracker."""
    body = {"call_sign": call_sign, "kind": "boat", "country": "LA"}
    unit = (await offices["noy"].post("/api/units", json=body)).json()["id"]
    key = (await offices["keo"].post("/api/devices", json={"name": "naga-1"})).json()["key"]
    bound = {"address": "position_json:naga-1", "unit": unit}
    answer = await offices["somchai"].post("/api/assignments", json=bound)
    assert answer.status_code == 201, answer.text
    return unit, key


async def says(offices: Offices, key: str, **said: Any) -> None:
    """Let the boat's tracker say something from where it is."""
    async with offices.server.stranger(authorization=f"Bearer {key}") as tracker:
        body = {"device": "naga-1", **PLACE, "time": datetime.now(UTC).isoformat(), **said}
        answer = await tracker.post("/api/positions", json=body)
        assert answer.status_code < 300, answer.text


async def seen(client: httpx.AsyncClient, unit: str) -> dict[str, Any] | None:
    for each in (await client.get("/api/units")).json():
        if each["id"] == unit:
            found: dict[str, Any] = each
            return found
    return None


async def test_a_code_crosses_and_its_words_do_not(offices: Offices) -> None:
    await offices.agree("positions", "texts")
    unit, key = await boat(offices)
    await says(offices, key, text="#12")
    async for _ in wait_until("the code at Chiang Khong"):
        there = await seen(offices["malee"], unit)
        if there is not None and there.get("phrase"):
            break
    assert there is not None
    assert there["phrase"] == "stop_the_boat"
    assert "text" not in there, "a code tells nothing that is not in the agreed list"
    here = await seen(offices["somchai"], unit)
    assert here is not None
    assert (here["text"], here["phrase"]) == ("#12", "stop_the_boat")
    async with offices.server.live(offices["malee"]) as live:
        snapshot = await live.frame()
    [answer] = [each for each in snapshot["units"] if each["id"] == unit]
    assert answer["phrase"] == "stop_the_boat"
    assert phrase_words(answer["phrase"], "th") == words_of("th")["phrase.stop_the_boat"]

    # Words of the crew's own take the place of the code, and stay at home.
    await says(offices, key, text="informant at the pier")
    async for _ in wait_until("it is gone"):
        there = await seen(offices["malee"], unit)
        if there is not None and "phrase" not in there:
            break
    assert "informant" not in json.dumps(there)


async def test_without_consent_to_texts_no_code_crosses(offices: Offices) -> None:
    await offices.agree("positions")
    unit, key = await boat(offices)
    await says(offices, key, text="#12")
    async for _ in wait_until("the boat at Chiang Khong"):
        there = await seen(offices["malee"], unit)
        if there is not None:
            break
    assert there is not None
    assert "phrase" not in there


async def test_reports_before_the_consent_stay_at_home(offices: Offices) -> None:
    unit, key = await boat(offices)
    await says(offices, key, text="#12")
    async for _ in wait_until("the code at home"):
        if ((await seen(offices["somchai"], unit)) or {}).get("phrase"):
            break
    await offices.agree("positions", "texts")
    await says(offices, key, lon=100.411)
    async for _ in wait_until("the boat at Chiang Khong"):
        there = await seen(offices["malee"], unit)
        if there is not None:
            break
    assert there is not None
    assert "phrase" not in there
    await says(offices, key, lon=100.412, text="#26")
    async for _ in wait_until("what is said now"):
        there = await seen(offices["malee"], unit)
        if there is not None and there.get("phrase") == "wait":
            break


async def test_a_phrase_of_the_office_goes_to_a_phone_as_its_code(offices: Offices) -> None:
    unit, _ = await boat(offices)
    made = await offices["keo"].post("/api/devices/enrolments", json={"device": "p1", "unit": unit})
    async with offices.server.stranger() as client:
        code = {"code": made.json()["code"]}
        phone_key = (await client.post("/api/enrolment", json=code)).json()["key"]
    async with offices.server.stranger(authorization=f"Bearer {phone_key}") as phone:
        at = datetime.now(UTC).isoformat()
        reports = [{"id": uuid4().hex, "kind": "position", "at": at, **PLACE}]
        answer = await phone.post("/api/crew/reports", json={"reports": reports})
        assert answer.status_code == 200, answer.text
        order = {"kind": "text", "unit": unit, "phrase": "returning_to_base"}
        sent: httpx.Response | None = None
        async for _ in wait_until("a way to the phone"):
            sent = await offices["somchai"].post("/api/orders", json=order)
            if sent.status_code == 201:
                break
        assert sent is not None
        assert sent.status_code == 201, sent.text
        lao = words_of("lo")["phrase.returning_to_base"]
        assert sent.json()["text"] == f"#5 {lao}"
        [text] = (await phone.get("/api/crew")).json()["texts"]
        assert text["phrase"] == "returning_to_base"
    for wrong in ({"phrase": "no_such"}, {"phrase": "wait", "text": "x"}):
        answer = await offices["somchai"].post("/api/orders", json={**order, **wrong})
        assert answer.status_code == 400
        assert answer.json()["field"] == "phrase"


def test_every_code_has_a_number_and_words_in_every_language() -> None:
    assert len(set(NUMBERS.values())) == len(NUMBERS)
    english = texts_of(read_part("en", "phrases"), english=True)
    assert {f"phrase.{code}" for code in NUMBERS} == set(english)
    for code, number in NUMBERS.items():
        assert code_of(f"#{number}") == code == code_of(in_short(code))
        for language in LANGUAGES:
            assert phrase_words(code, language)


def test_the_documented_table_is_the_one_in_force() -> None:
    page = FOLDER.parent.parent / "docs" / "reference" / "phrases.md"
    document = page.read_text(encoding="utf-8")
    for code, number in NUMBERS.items():
        assert f"| #{number} | `{code}` | {phrase_words(code, 'en')} |" in document


def test_a_radio_is_sent_only_letters_that_it_shows() -> None:
    at = datetime(2026, 11, 24, tzinfo=UTC)

    def way(address: str) -> list[Route]:
        return [Route(address=address, channel="c", heard_at=at, takes=("text",))]

    thai = words_of("th")["phrase.wait"]
    assert radio_words("wait", "th", way("meshtastic:!a1b2c3d4")) == f"#26 {thai}"
    assert radio_words("wait", "th", way("aprs:HS1AB-7")) == "#26 Wait"
    assert radio_words("wait", "th", []) == "#26 Wait"
