"""What this node told is known again when it is heard, and what boats say themselves is not."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from msgspec.structs import replace
from pyais.encode import encode_dict

from maps.feeds.places import FeedPlace
from maps.feeds.writers.ais_writer import AisWriter
from maps.feeds.writers.cot_writer import CotWriter, Form
from maps.feeds.writers.mmsi import mmsi_of
from maps.feeds.writers.nmea_writer import NmeaWriter
from patrol.intake.own_messages import KEPT_S, SAME_PLACE_S, OwnMessages
from patrol.units.wire import Fix, UnitState
from radio_gateway.decoding.decoder import DecoderSettings, Waypoints
from radio_gateway.decoding.framing import Frame
from radio_gateway.errors.errors import FrameError
from radio_gateway.formats.nmea.sentence import checksum
from radio_gateway.messages.marked_place import MarkedPlace
from radio_gateway.messages.transmission import Transmission
from radio_gateway.orders.order import Order
from radio_gateway.protocols import nmea0183
from radio_gateway.protocols.cot import cot
from radio_gateway.technician.decode import StreamDecoder
from tests.patrol.nodes.running import Node

NODE = "houay-xai"
NOON = datetime(2026, 11, 24, 12, 0, 30, tzinfo=UTC)
MMSI = 574123456
LON, LAT = 100.41022, 20.27411


class Clock:
    """A clock that is moved by hand."""

    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> float:
        return self.now.timestamp()

    def wait(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def own(clock: Clock) -> OwnMessages:
    return OwnMessages(NODE, clock=clock)


def boat(*addresses: str, id: str = "u1", **more: Any) -> UnitState:
    last = Fix(of=id, lon=LON, lat=LAT, time=NOON, speed_mps=0.0)
    return UnitState(
        id=id, call_sign="HX-1", agency="joint", addresses=addresses, last=last, **more
    )


def heard(protocol: str, data: bytes, at: datetime = NOON) -> list[Transmission]:
    decoder = StreamDecoder(protocol, received_at=at)
    found = [*decoder.feed(data), *decoder.close()]
    assert not any(isinstance(each, FrameError) for each in found), found
    return [each for each in found if isinstance(each, Transmission)]


def ais_told(own: OwnMessages, unit: UnitState) -> bytes:
    writer = AisWriter(own.of_feed("plotter"))
    acts = [writer.write(act, unit, NOON) for act in ("whole", "call")]
    return b"".join(b"".join(messages) for messages in acts)


def cot_told(own: OwnMessages, unit: UnitState, *acts: str, form: Form = "xml") -> bytes:
    writer = CotWriter(
        own.of_feed("tak"), max_age=timedelta(minutes=10), form=form, mark=f"{NODE}/tak"
    )
    return b"".join(b"".join(writer.write(act, unit, NOON)) for act in acts)  # type: ignore[arg-type]


def envelope(line: bytes) -> bytes:
    """The same AIS payload as another receiver would pass it on."""
    body = line.strip().strip(b"!").partition(b"*")[0].split(b",")
    body[0], body[4] = b"BSVDM", b"B"
    text = b",".join(body)
    return b"\\s:hub,c:1795521999*%02X\\!%s*%02X\r\n" % (
        checksum(b"s:hub,c:1795521999"),
        text,
        checksum(text),
    )


def genuine(**more: Any) -> bytes:
    """What the boat says itself."""
    body = {"msg_type": 18, "mmsi": MMSI, "lon": LON, "lat": LAT, "speed": 0, "second": 30, **more}
    lines = encode_dict(body, radio_channel="A", talker_id="AI", sentence_type="VDM")
    return b"".join(f"{line}\r\n".encode() for line in lines)


def test_a_position_sent_by_ais_is_recognised_in_any_envelope_and_however_late(
    own: OwnMessages, clock: Clock
) -> None:
    told = ais_told(own, boat(f"ais:{MMSI}"))
    single = [line for line in told.splitlines() if line.split(b",")[1] == b"1"]
    other = b"".join(envelope(line) for line in single)
    clock.wait(KEPT_S - 1)
    for data in (told, other):
        transmissions = heard("ais", data)
        assert len(transmissions) >= 3
        assert [own.is_own(each) for each in transmissions] == [True] * len(transmissions)
    assert own.echo_count("plotter") > 0


def test_a_boat_that_says_the_same_itself_is_no_echo(own: OwnMessages) -> None:
    own.of_feed("plotter")
    (first,) = heard("ais", genuine())
    assert not own.is_own(first)
    ais_told(own, boat(f"ais:{MMSI}"))
    assert not own.is_own(first), "another receiver hands over what the boat said before we did"
    class_a = {"msg_type": 1, "status": 5}
    for data in (genuine(second=40), genuine(second=40, **class_a), genuine(second=39)):
        (transmission,) = heard("ais", data, NOON + timedelta(seconds=10))
        assert not own.is_own(transmission)


@pytest.mark.parametrize("second", [30, 60, 32])
@pytest.mark.parametrize("words", [{}, {"msg_type": 1, "status": 15}])
def test_what_a_hub_wrote_anew_as_ais_is_ours(
    own: OwnMessages, second: int, words: dict[str, Any]
) -> None:
    (first,) = heard("ais", genuine(second=29))
    own.of_feed("plotter")
    assert not own.is_own(first)
    ais_told(own, boat(f"ais:{MMSI}"))
    (transmission,) = heard("ais", genuine(second=second, **words), NOON + timedelta(seconds=2))
    assert own.is_own(transmission)
    assert own.echo_count("plotter") == 1


def test_what_a_hub_stamps_with_a_clock_of_its_own_is_ours(own: OwnMessages) -> None:
    ais_told(own, boat(f"ais:{MMSI}"))
    at = NOON + timedelta(seconds=2)
    (transmission,) = heard("signalk", delta(at, HERE), at)
    assert own.is_own(replace(transmission, device_time=at - timedelta(hours=7)))


def delta(at: datetime, values: dict[str, Any], *, of: int = MMSI, source: str = "p.AI") -> bytes:
    """What a Signal K server passes on."""
    bodies = [{"path": path, "value": value} for path, value in values.items()]
    update = {"$source": source, "timestamp": f"{at:%FT%TZ}", "values": bodies}
    context = f"vessels.urn:mrn:imo:mmsi:{of:09}"
    return json.dumps({"context": context, "updates": [update]}).encode()


HERE = {"navigation.position": {"longitude": LON, "latitude": LAT}}


def test_a_boat_with_its_own_number_that_a_signalk_server_brings_back_is_ours_once(
    own: OwnMessages,
) -> None:
    ais_told(own, boat(f"ais:{MMSI}"))

    def is_own(after_s: float, source: str = "p.AI", **of: int) -> bool:
        at = NOON + timedelta(seconds=after_s)
        (transmission,) = heard("signalk", delta(at, HERE, source=source, **of), at)
        return own.is_own(transmission)

    assert is_own(1), "the echo"
    assert is_own(3), "by two ways of the server's"
    assert not is_own(12), "the boat itself says by the same way that it is still there"
    assert is_own(13, source="other.AI"), "the first by another way"
    assert not is_own(SAME_PLACE_S + 1, source="third.AI")
    assert not is_own(1, of=MMSI + 1)


def test_the_name_that_a_signalk_server_brings_back_is_ours(own: OwnMessages) -> None:
    ais_told(own, boat(f"ais:{MMSI}"))
    (ours,) = heard("signalk", delta(NOON, {"": {"name": "HX-1"}}))
    (theirs,) = heard("signalk", delta(NOON, {"": {"name": "NAGA 1"}}))
    assert own.is_own(ours)
    assert not own.is_own(theirs)


def test_a_call_for_help_that_we_did_not_send_is_no_echo_wherever_it_comes_from(
    own: OwnMessages,
) -> None:
    ais_told(own, boat(f"ais:{MMSI}"))
    call = plain(f"urn:mrn:imo:mmsi:{MMSI}", NOON, distress=True)
    assert not own.is_own(call)
    ais_told(own, boat(f"ais:{MMSI}", distress=True))
    assert own.is_own(call)


def test_two_feeds_that_send_one_place_are_both_recognised(own: OwnMessages) -> None:
    unit = boat(f"ais:{MMSI}")
    ais_told(own, unit)
    NmeaWriter(own.of_feed("old-plotter")).write("whole", unit, NOON)
    assert own.is_own(plain(None, NOON))
    (transmission,) = heard("signalk", delta(NOON, HERE))
    assert own.is_own(transmission)


@pytest.mark.parametrize("waypoints", ["marks", "stations"])
def test_a_waypoint_that_a_plotter_says_for_ever_is_ours(
    own: OwnMessages, clock: Clock, waypoints: Waypoints
) -> None:
    rock = FeedPlace(
        id="m1",
        origin=NODE,
        kind="marks",
        use="hazard",
        name="Rock",
        lon=LON,
        lat=LAT,
        time=NOON,
    )
    (data,) = NmeaWriter(own.of_feed("old-plotter")).place("place", rock, NOON)
    clock.wait(10 * KEPT_S)
    settings = DecoderSettings(waypoints=waypoints)

    def is_own(line: bytes) -> bool:
        (transmission,) = nmea0183.decoder(settings).decode(Frame(line.strip(), clock.now))
        return own.is_own(transmission)

    def changed(old: bytes, new: bytes) -> bytes:
        body = data.strip()[1:-3].replace(old, new)
        return b"$%s*%02X\r\n" % (body, checksum(body))

    assert is_own(data)
    assert own.echo_count("old-plotter") == 1
    assert is_own(changed(b"IIWPL", b"GPWPL"))
    assert not is_own(changed(b"ROCK", b"SAND"))
    assert not is_own(changed(b"2016", b"2017"))


def test_the_owner_of_a_waypoint_sends_it_again_and_is_believed(own: OwnMessages) -> None:
    own.note_waypoint("", "ROCK", lon=LON, lat=LAT, address="owntracks:jane/phone")
    rock = MarkedPlace(id="1", lon=LON, lat=LAT, name="ROCK")
    for address, is_own in (("owntracks:jane/phone", False), ("meshtastic:!1", True)):
        protocol, _, device = address.partition(":")
        transmission = plain(
            device, NOON, protocol=protocol, kind="waypoint", position=None, mark=rock
        )
        assert own.is_own(transmission) == is_own


def test_an_order_to_tak_clients_bears_our_mark(own: OwnMessages) -> None:
    order = Order(
        id="7f",
        kind="text",
        channel="tak",
        operator="jane",
        created_at=NOON,
        expires_at=NOON + timedelta(minutes=5),
        text="Return",
        node=NODE,
    )
    for node, is_own in ((NODE, True), ("chiang-khong", False)):
        data = cot.encode(replace(order, node=node), DecoderSettings(), number=1).data
        (transmission,) = heard("cot", data)
        assert transmission.text == "Return"
        assert own.is_own(transmission) == is_own, "with and without feeds"
        (other,) = heard("cot", data.replace(b"Return", b"Go on"))
        assert not own.is_own(other), "our mark in others' words"


def test_a_number_made_for_a_unit_is_ours_whatever_it_sends(own: OwnMessages) -> None:
    ais_told(own, boat())
    (transmission,) = heard("ais", genuine(mmsi=mmsi_of("u1"), lon=1.0))
    assert own.is_own(transmission)
    (transmission,) = heard("ais", genuine(mmsi=mmsi_of("strange"), lon=1.0))
    assert not own.is_own(transmission), "another node's"


def plain(device: str | None, at: datetime, **more: Any) -> Transmission:
    (transmission,) = heard("ais", genuine())
    fields: dict[str, Any] = {
        "protocol": "position_json",
        "kind": "position",
        "channel": "hub",
        "heard_at": at,
        "position": transmission.position,
    }
    return Transmission(device=device, **{**fields, **more})


def test_a_place_that_we_sent_in_another_format_is_ours_while_it_is_new(own: OwnMessages) -> None:
    ais_told(own, boat(f"ais:{MMSI}"))
    soon = NOON + timedelta(seconds=SAME_PLACE_S - 1)
    later = NOON + timedelta(seconds=SAME_PLACE_S + 1)
    delta = f"urn:mrn:imo:mmsi:{MMSI}"
    assert own.is_own(plain(delta, soon))
    assert own.is_own(plain(None, soon)), "a link that names nobody"
    assert own.is_own(plain(delta, later, device_time=soon)), "handed over late"
    assert not own.is_own(plain(delta, later)), "a boat at anchor says so again"
    assert not own.is_own(plain("urn:mrn:imo:mmsi:999999999", soon)), "another boat"
    away = plain(delta, soon)
    assert away.position is not None
    moved = type(away.position)(lon=LON + 0.00001, lat=LAT)
    assert not own.is_own(plain(delta, soon, position=moved)), "it moved by a metre"


def test_a_radio_of_the_unit_is_believed_at_the_same_place(own: OwnMessages) -> None:
    ais_told(own, boat(f"ais:{MMSI}", "position_json:@hub", f"position_json:{MMSI}"))
    soon = NOON + timedelta(seconds=1)
    assert not own.is_own(plain(None, soon))
    assert not own.is_own(plain(str(MMSI), soon))


@pytest.mark.parametrize("form", ["xml", "stream"])
def test_events_sent_by_cot_bear_our_mark(own: OwnMessages, form: Form) -> None:
    data = cot_told(own, boat(), "whole", "call", "call over", "forgotten", form=form)
    transmissions = heard("tak" if form == "stream" else "cot", data)
    assert len(transmissions) == 4
    after_a_restart = OwnMessages(NODE, clock=NOON.timestamp)
    after_a_restart.of_feed("tak")
    for each in transmissions:
        assert own.is_own(each)
        assert after_a_restart.is_own(each)
    assert after_a_restart.comes_back("tak")


MARK = re.compile(rb"<__jointpatrol [^>]*/>")


def test_a_server_that_takes_the_mark_away_and_stamps_anew_is_found_out(
    own: OwnMessages, clock: Clock
) -> None:
    data = cot_told(own, boat("cot:ANDROID-1"), "call") + cot_told(own, boat(id="u2"), "whole")
    assert len(MARK.findall(data)) == 2
    clock.wait(600)
    anew = MARK.sub(b"", data).replace(b"T12:00:", b"T12:10:")
    for each in (*heard("cot", MARK.sub(b"", data)), *heard("cot", anew)):
        assert own.is_own(each)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'uid="joint-patrol.u2"', b'uid="ANDROID-9"'),
        (b'lat="20.27411"', b'lat="20.29"'),
        (b"</detail>", b'<emergency type="911 Alert">Naga 9</emergency></detail>'),
        (b'type="a-f-G-U-C" ', b'type="a-h-G" '),
    ],
)
@pytest.mark.parametrize("is_marked", [True, False])
def test_our_mark_or_name_copied_into_other_words_silences_nothing(
    own: OwnMessages, *, old: bytes, new: bytes, is_marked: bool
) -> None:
    data = cot_told(own, boat(id="u2"), "whole")
    foreign = (data if is_marked else MARK.sub(b"", data)).replace(old, new)
    assert foreign != data
    (transmission,) = heard("cot", foreign)
    assert not own.is_own(transmission)
    assert not own.comes_back("tak")
    (transmission,) = heard("cot", data)
    assert own.is_own(transmission)
    assert own.comes_back("tak")


def test_events_of_others_by_cot_are_not_ours(own: OwnMessages) -> None:
    cot_told(own, boat("cot:ANDROID-1"), "whole")
    theirs = cot_told(OwnMessages("chiang-khong", clock=NOON.timestamp), boat(), "whole")
    ours = cot_told(own, boat("cot:ANDROID-1"), "whole")
    client = MARK.sub(b"", ours)
    other = theirs.replace(b"houay-xai", b"chiang-khong")
    for data in (client, other):
        (transmission,) = heard("cot", data)
        assert not own.is_own(transmission)


def test_on_a_server_that_we_hear_a_client_keeps_its_uid_to_itself(own: OwnMessages) -> None:
    notes = own.of_feed("tak", comes_back=True)
    writer = CotWriter(notes, max_age=timedelta(minutes=10), form="xml", mark=f"{NODE}/tak")
    unit = boat("cot:ANDROID-1")
    assert writer.write("whole", unit, NOON) == []
    (call,) = writer.write("call", unit, NOON)
    assert b'uid="joint-patrol.u1-9-1-1"' in call
    (place,) = writer.write("whole", boat(id="u2"), NOON)
    assert b'uid="joint-patrol.u2"' in place


def test_a_node_without_feeds_takes_nothing_for_its_own_by_its_content(own: OwnMessages) -> None:
    data = ais_told(OwnMessages(NODE, clock=NOON.timestamp), boat(f"ais:{MMSI}"))
    assert not any(own.is_own(each) for each in heard("ais", data))


def test_a_call_is_not_named_after_itself() -> None:
    data = cot_told(OwnMessages(NODE, clock=NOON.timestamp), boat(), "call")
    (transmission,) = heard("cot", data.replace(b"HX-1-Alert", b"HX-1-Alert-Alert"))
    assert transmission.distress
    assert transmission.facts["callsign"] == "HX-1"


@pytest.mark.parametrize("uid", ["takPing", "takPong"])
def test_what_keeps_a_connection_alive_is_no_radio(uid: str) -> None:
    time = f"{NOON:%FT%TZ}"
    event = (
        f'<event version="2.0" uid="{uid}" type="t-x-c-t" time="{time}" start="{time}"'
        f' stale="{time}" how="m-g"><point lat="0" lon="0" hae="0" ce="1" le="1"/></event>'
    )
    (transmission,) = heard("cot", event.encode())
    assert transmission.is_of_no_radio


async def test_what_is_our_own_changes_nothing_and_whoever_passed_it_on_is_answered(
    node: Node,
) -> None:
    unit = await node.boat()
    data = cot_told(node.watch.own_messages, boat(id=unit), "whole", "call")
    data = data.replace(NODE.encode(), node.watch.node.encode())
    before = node.states()
    await node.hear(*(replace(each, channel="hub") for each in heard("cot", data)))  # answered
    assert node.states() == before
    assert list(node.watch.document_service.open_documents) == []
    client = data.replace(b"joint-patrol.", b"ANDROID-")  # with our mark, in other words
    await node.hear(*(replace(each, channel="hub") for each in heard("cot", client)))
    assert f"cot:ANDROID-{unit}" in node.states(), "what others say is heard as ever"
