"""Evidence export: puts together what one user may take away of a period, and signs it."""

from __future__ import annotations

import asyncio
import csv
import hashlib
import io
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

import msgspec

from maps.evidence.evidence_file import (
    FORMAT,
    GEOJSON,
    JOURNAL,
    ORIGINALS,
    POSITIONS,
    EvidenceRequester,
    LeftOut,
    Manifest,
    PastAgreement,
    files_inside,
    row_line,
    sealed,
)
from maps.evidence.sealed_evidence import SealedEvidence, sealed_evidence
from maps.language.wording import Wording
from maps.replay.replay_reel import ReplayUnit, check_range, units_of
from patrol.agreements.agreement import Agreement
from patrol.audit.chain import time_text
from patrol.audit.signed_head import signed_head
from patrol.desks.desk import Desk
from patrol.desks.replay import MOST_RAW, DocumentHistory, LinkedRow
from patrol.errors.errors import SigningKeyError
from patrol.signatures.signing_key import SigningKey, read_or_make_key
from patrol.store.schema.tables import from_us
from patrol.store.tracks.replay_columns import Film
from patrol.units.permissions import may, require
from radio_gateway.messages.transmission import Transmission
from radio_gateway.runtime.version import version

_COLUMNS: Final = (
    "unit",
    "call_sign",
    "agency",
    "country",
    "time",
    "time_local",
    "known",
    "lon",
    "lat",
    "speed_mps",
    "course_deg",
    "heading_deg",
    "accuracy_m",
    "river_km",
    "bank",
    "flags",
    "position",
)

_encode = msgspec.json.Encoder().encode


class EvidenceFile(msgspec.Struct, frozen=True, kw_only=True):
    """An evidence file that was made.

    Attributes:
        zip: The file.
        left_out: What else could have been in it, and why it is not, as its manifest says.
    """

    zip: bytes
    left_out: tuple[LeftOut, ...]


class Notary:
    """Signs evidence for a node.

    Args:
        file: The key that signs its journal; made on first use.
        node: Id of the node.
        name: Its name for people.
        time_zone: IANA name of its local time.
    """

    def __init__(self, file: Path, *, node: str, name: str, time_zone: str) -> None:
        self._file = file
        self.node, self.name, self.time_zone = node, name, time_zone

    def key(self) -> SigningKey:
        """Return the key.

        Raises:
            SigningKeyError: If it cannot be read or made, others may read it, or it holds no key.
        """
        try:
            return read_or_make_key(self._file)
        except OSError as error:
            raise SigningKeyError(f"{self._file}: {error.strerror}") from None


async def evidence_of(
    desk: Desk,
    notary: Notary,
    *,
    start: datetime,
    end: datetime,
    ids: list[str],
    words: Wording,
    unsealed: bool = False,
) -> EvidenceFile:
    """Return the evidence file of a range, once the journal has noted it.

    Args:
        desk: Of who asks.
        notary: Signs it.
        start: First moment, aware UTC.
        end: Moment after the last, aware UTC.
        ids: Unit ids; none: all the user may see.
        words: Language of what is for people to read in it.
        unsealed: With the cameras' own files of the agency's photos, and its texts to radios.

    Raises:
        SigningKeyError: If the node's key cannot be used.
        BadRequest: If the range cannot be played.
        Conflict: If there are too many positions.
        Forbidden: If the role may not.
        NotFound: If one of `ids` is none, or the user may not know of it.
        StoreError: If the journal refuses to note it; then nothing is given out.
    """
    check_range(start, end)
    if unsealed:
        require(desk.user.role, "take out originals")
    key = await asyncio.to_thread(notary.key)
    left_out: list[LeftOut] = []
    units = await units_of(desk, start=start, end=end, ids=ids)
    films = await desk.history.films(start=start, end=end, ids=[each.id for each in units])
    stood = await desk.replay.documents_between(start=start, end=end)
    if stood.has_more:
        left_out.append("papers: more than can be told")
    messages, why_not = await _transmissions_of(desk, units, start, end)
    left_out += why_not
    placed = [each for each in units if each.id in films]
    # Who only spoke, as who calls for help without knowing where, is in it too.
    known_units = films.keys() | {unit for unit, _ in messages or ()}
    rows, all_rows = await desk.replay.rows(start=start, end=end)
    if not all_rows:
        left_out.append("journal: more rows than can be told")
    if not may(desk.user.role, "see the journal"):
        left_out.append("journal: the role sees only how its rows hang together")
    agreements = _agreements(stood, end=datetime.now(UTC))
    more = SealedEvidence(files={}, counts={}, left_out=())
    if unsealed:
        more = await sealed_evidence(desk, stood.documents, start=start, end=end)
        left_out += more.left_out

    def made() -> tuple[bytes, str]:
        zone = ZoneInfo(notary.time_zone)
        files = {
            "README.txt": _read_me(words, notary, start, end),
            POSITIONS: _csv(placed, films, zone),
            GEOJSON: _geojson(placed, films),
            "papers.jsonl": b"".join(_encode(each) + b"\n" for each in stood.documents),
            JOURNAL: _journal(rows, notary, key),
        }
        if messages is not None:
            files["transmissions.jsonl"] = _transmissions(messages)
        files |= more.files
        manifest = Manifest(
            format=FORMAT,
            node=notary.node,
            node_name=notary.name,
            software=version(),
            made_at=time_text(datetime.now(UTC)),
            start=time_text(start),
            end=time_text(end),
            time_zone=notary.time_zone,
            start_local=start.astimezone(zone).isoformat(),
            end_local=end.astimezone(zone).isoformat(),
            requester=EvidenceRequester(
                user=desk.user.name, role=desk.user.role, agency=desk.user.agency
            ),
            units=tuple(
                {"id": each.id, "call_sign": each.call_sign}
                for each in units
                if each.id in known_units
            ),
            agreements=agreements,
            counts={
                "positions": sum(len(film) for film in films.values()),
                "messages": 0 if messages is None else len(messages),
                "papers": len(stood.documents),
                "journal rows": len(rows),
            }
            | more.counts,
            left_out=tuple(left_out),
            files=files_inside(files),
        )
        made = sealed(manifest, files, key)
        return made, hashlib.sha256(made).hexdigest()

    made_, digest = await asyncio.to_thread(made)
    noted = {"start": start, "end": end, "units": ids, "format": "evidence", "sha256": digest}
    if unsealed:
        taken = [name.removeprefix(ORIGINALS) for name in more.files if name.startswith(ORIGINALS)]
        noted |= {"originals": taken, "texts": more.counts["texts"]}
    await desk.audit.note("export", subject="export:evidence", detail=noted)
    return EvidenceFile(zip=made_, left_out=tuple(left_out))


async def _transmissions_of(
    desk: Desk, units: Sequence[ReplayUnit], start: datetime, end: datetime
) -> tuple[list[tuple[str, Transmission]] | None, list[LeftOut]]:
    if not may(desk.user.role, "see what a radio sent"):
        return None, ["transmissions: the role may not see them"]
    found: list[tuple[str, Transmission]] = []
    own = False
    for unit in units:
        left = MOST_RAW - len(found)
        some = await desk.replay.raw_transmissions(unit.id, start=start, end=end, most=left + 1)
        if some is None:
            continue
        own = True
        found += [(unit.id, each) for each in some[:left]]
        if len(some) > left:
            return found, ["transmissions: more than can be told"]
    if not own:
        return None, ["transmissions: none of the agency's own units"]
    return found, []


def _agreements(stood: DocumentHistory, end: datetime) -> tuple[PastAgreement, ...]:
    newest = {each.id: each for each in stood.documents if isinstance(each, Agreement)}
    return tuple(
        PastAgreement(
            id=each.id,
            version=each.version,
            name=each.terms.name,
            agencies=each.agencies,
            classes=each.terms.classes,
            state=each.state if each.terms.valid_until > end else "expired",
            withheld=tuple(
                {"agency": reason.agency, "at": time_text(reason.at), "reason": reason.reason}
                for reason in each.withheld
            ),
        )
        for each in newest.values()
        if each.proposed_at is not None
    )


def _read_me(words: Wording, notary: Notary, start: datetime, end: datetime) -> bytes:
    lines = [
        words.text("evidence.title", node=notary.name),
        words.text(
            "evidence.range",
            start=words.moment(start, seconds=True),
            end=words.moment(end, seconds=True),
            zone=notary.time_zone,
        ),
        words.text("evidence.utc", start=time_text(start), end=time_text(end)),
        words.text("evidence.positions"),
        words.text("evidence.known"),
        words.text("evidence.others"),
        words.text("evidence.journal"),
        words.text("evidence.check"),
        "    joint-patrol evidence verify FILE --key PUBLIC-KEY",
    ]
    return "\n\n".join(lines).encode() + b"\n"


def _values(unit: ReplayUnit, film: Film, at: int) -> dict[str, Any]:
    """Return one position, without what nobody said."""

    def known_or_none(value: float, digits: int) -> float | None:
        return None if value != value else round(value, digits)

    values: dict[str, Any] = {
        "unit": unit.id,
        "call_sign": unit.call_sign,
        "agency": unit.agency,
        "country": unit.country,
        "time": time_text(from_us(int(film.time_us[at]))),
        "known": time_text(from_us(int(film.known_us[at]))),
        "lon": round(float(film.lon[at]), 7),
        "lat": round(float(film.lat[at]), 7),
        "speed_mps": known_or_none(float(film.speed_mps[at]), 3),
        "course_deg": known_or_none(float(film.course_deg[at]), 2),
        "heading_deg": known_or_none(float(film.heading_deg[at]), 2),
        "accuracy_m": known_or_none(float(film.accuracy_m[at]), 1),
        "river_km": known_or_none(float(film.river_km[at]), 3),
        "bank": film.banks[at] or None,
        "flags": film.flags[at] or None,
        "position": film.gids[at].hex() or None,
    }
    return {name: value for name, value in values.items() if value is not None}


def _csv(units: Sequence[ReplayUnit], films: dict[str, Film], zone: ZoneInfo) -> bytes:
    out = io.StringIO(newline="")
    table = csv.DictWriter(out, _COLUMNS, restval="")
    table.writeheader()
    for unit in units:
        film = films[unit.id]
        for at in range(len(film)):
            local = from_us(int(film.time_us[at])).astimezone(zone)
            values = _values(unit, film, at) | {"time_local": local.isoformat()}
            values["call_sign"] = _harmless(unit.call_sign)
            table.writerow(values)
    return out.getvalue().encode("utf-8")


def _harmless(text: str) -> str:
    """Return words that no spreadsheet takes for a formula.

    >>> _harmless("Naga 1"), _harmless("=cmd()")
    ('Naga 1', "'=cmd()")
    """
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text


def _geojson(units: Sequence[ReplayUnit], films: dict[str, Film]) -> bytes:
    features = []
    for unit in units:
        film = films[unit.id]
        for at in range(len(film)):
            values = _values(unit, film, at)
            place = [values.pop("lon"), values.pop("lat")]
            geometry = {"type": "Point", "coordinates": place}
            features.append({"type": "Feature", "geometry": geometry, "properties": values})
    return _encode({"type": "FeatureCollection", "features": features})


def _transmissions(messages: Sequence[tuple[str, Transmission]]) -> bytes:
    """Return one line a message: as it was decoded, and the raw bytes as base64."""
    return b"".join(_encode({"unit": unit, "heard": each}) + b"\n" for unit, each in messages)


def _journal(rows: Sequence[LinkedRow], notary: Notary, key: SigningKey) -> bytes:
    lines = [row_line(each) for each in rows]
    seq, last = (rows[-1].seq, rows[-1].hash) if rows else (0, "00" * 32)
    head = signed_head(
        key, node=notary.node, seq=seq, last=bytes.fromhex(last), at=datetime.now(UTC)
    )
    return b"".join([*lines, _encode(head) + b"\n"])
