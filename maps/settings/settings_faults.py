"""Settings faults: what is wrong with `patrol.toml`, said by file, table and field."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from typing import Any, get_args

from pydantic import BaseModel

from maps.feeds.feedback import feedback_channel
from maps.feeds.settings import FeedSettings
from maps.settings.access_settings import OpenIdSettings
from maps.settings.keyed_channels import forgeable
from maps.settings.settings_tables import AgencySettings, NodeSettings, RemoteGatewaySettings
from maps.toml_tables.table import SettingsTable
from radio_gateway.channels.channel_settings import ChannelSettings


def worded(
    fault: Mapping[str, Any], file: type[BaseModel], source: str, origin: Mapping[str, str]
) -> str:
    """Word one fault that pydantic found: file, table and field, then what is wrong.

    Args:
        fault: As pydantic tells it.
        file: The tables there are.
        source: Name of the file.
        origin: Environment variables by `table.field`, for what came from one.
    """
    where = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in fault["loc"])
    where = where.lstrip(".")
    place = f"{origin[where]} (environment)" if where in origin else f"{source}: {where}"
    if fault["type"] == "extra_forbidden":
        return f"{place}: no such setting{_hint(file, fault['loc'])}"
    message = str(fault["msg"]).removeprefix("Value error, ")
    return f"{place}: {message[:1].lower()}{message[1:]}"


def _hint(file: type[BaseModel], place: tuple[int | str, ...]) -> str:
    """Return which setting may be meant by one that there is not.

    >>> from maps.settings.settings import SettingsFile
    >>> places = ("web", "prt"), ("layers", "add", "piers", "fil"), ("feeds", 0, "xyz")
    >>> [_hint(SettingsFile, place) for place in places]
    ["; did you mean 'port'?", "; did you mean 'file'?", '']
    """
    table: Any = file
    for part in place[:-1]:
        if isinstance(part, str) and part in table.model_fields:  # else its number or own name
            annotation = table.model_fields[part].annotation
            kinds = (annotation, *get_args(annotation))
            table = next((each for each in kinds if _is_table(each)), table)
    near = difflib.get_close_matches(str(place[-1]), table.model_fields, n=1)
    return f"; did you mean {near[0]!r}?" if near else ""


def _is_table(kind: object) -> bool:
    return isinstance(kind, type) and issubclass(kind, SettingsTable)


def contradictions(
    source: str,
    *,
    channels: Mapping[int, ChannelSettings],
    agencies: Sequence[AgencySettings],
    node: NodeSettings,
    gateways: Sequence[RemoteGatewaySettings],
    feeds: Sequence[FeedSettings],
    open_id: OpenIdSettings | None,
) -> list[str]:
    """Return what does not go together.

    Args:
        source: Name of the file.
        channels: Those that are right in themselves, by their place in the file.
        agencies: The agencies.
        node: The node, which is an agency where none is named.
        gateways: Gateways on other computers.
        feeds: Ways out of the picture.
        open_id: A provider with which people may sign in.
    """
    faults = []
    for table, names in (
        ("channels", {number: channel.name for number, channel in channels.items()}),
        ("agencies", {number: each.id for number, each in enumerate(agencies)}),
        ("gateways", {number: each.id for number, each in enumerate(gateways)}),
        ("feeds", {number: each.name for number, each in enumerate(feeds)}),
    ):
        field = "name" if table in ("channels", "feeds") else "id"
        used: set[str] = set()
        for number, name in names.items():
            if name in used:
                faults.append(f"{source}: {table}[{number}].{field}: {name!r} is used twice")
            used.add(name)
    own = {each.id for each in agencies} or {node.id}
    for number, feed in enumerate(feeds):
        if feed.agency not in own:
            wrong = f"{feed.agency!r} is no agency of this node"
            faults.append(f"{source}: feeds[{number}].agency: {wrong}")
        echo = feedback_channel(feed, channels.values())
        if echo is not None:
            faults.append(f"{source}: feeds[{number}].url: the channel {echo!r} would hear it back")
    for number, user in enumerate(() if open_id is None else open_id.users):
        if user.agency not in own:
            wrong = f"{user.agency!r} is no agency of this node"
            faults.append(f"{source}: open_id.users[{number}].agency: {wrong}")
    for number, channel in channels.items():
        fault = forgeable(channel)
        if fault is not None:
            faults.append(f"{source}: channels[{number}].{fault}")
    return faults
