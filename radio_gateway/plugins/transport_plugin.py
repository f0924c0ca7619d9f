"""TransportPlugin: a transport of others as a channel holds it: what it raises is a broken link.

Every step of it between two waits runs under the limits of `Plugin.call`.
"""

from __future__ import annotations

import types
from collections.abc import Awaitable, Callable, Generator
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Self, TypeVar, cast

from msgspec.structs import replace

from radio_gateway.errors.errors import GatewayError, LinkError
from radio_gateway.links.link_url import Link
from radio_gateway.links.transport import Chunk, Transport
from radio_gateway.plugins.plugin import Plugin, PluginError

T = TypeVar("T")
_CALLED_LATER = ("stored", "judged", "understood", "reply")


class TransportPluginMaker:
    """Makes the links of a scheme that a plug-in brings.

    Args:
        plugin: The plug-in.
        offered: What its entry point names: called with a `Link`, returns a `Transport`; None
            where it cannot be imported.
    """

    def __init__(self, plugin: Plugin, offered: object | None) -> None:
        self._plugin = plugin
        self._make = cast(Callable[[Link], Transport], offered)
        if offered is not None and not callable(offered):
            plugin.stop("failed", "offers nothing that can be called")

    def __call__(self, link: Link) -> Transport:
        """Return the transport of a link; opens nothing.

        Raises:
            SettingsError: As the plug-in raises it.
        """
        if self._plugin.state != "running":
            return TransportPlugin(self._plugin, None, link)
        try:
            made = self._plugin.call(self._make, link)
        except PluginError:
            return TransportPlugin(self._plugin, None, link)
        return TransportPlugin(self._plugin, made, link)


class TransportPlugin:
    """A link that a plug-in makes, or stands for where it cannot: that never opens.

    Args:
        plugin: The plug-in.
        transport: Its transport; None where it could not make one.
        link: Of which link.

    Attributes:
        can_wait: As in `Transport`; so are the others.
        is_local: As there.
        is_stream: As there.
        is_live: As there.
        reopens_when_silent: As there.
        can_send: As there.
    """

    def __init__(self, plugin: Plugin, transport: Transport | None, link: Link) -> None:
        self._plugin, self._url = plugin, link.public_url
        self._transport = transport
        self.can_wait = self._says("can_wait", False)
        self.is_local = self._says("is_local", False)
        self.is_stream = self._says("is_stream", False)
        self.is_live = self._says("is_live", True)
        self.reopens_when_silent = self._says("reopens_when_silent", False)
        self.can_send = self._says("can_send", False)

    @property
    def fault(self) -> str | None:
        """What is not well although the link is open, with the link or with the plug-in."""
        own = None
        if self._transport is not None and self._plugin.state == "running":
            try:
                own = self._plugin.call(getattr, self._transport, "fault", None)
            except GatewayError:
                pass
        if own is None and self._plugin.fault is not None:
            own = f"plug-in {self._plugin}: {self._plugin.fault}"
        return None if own is None else str(own)

    async def __aenter__(self) -> Self:
        """Open the link.

        Raises:
            LinkError: If it cannot be opened, or the plug-in does not run.
        """
        await self._run(lambda transport: transport.__aenter__())
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the link."""
        try:
            await self._run(lambda transport: transport.__aexit__(kind, error, trace))
        except LinkError:
            pass  # noted; why the link ended is told already

    async def read(self) -> list[Chunk]:
        """Wait for what arrives and return all of it.

        Raises:
            LinkError: If the link broke, or the plug-in failed.
        """
        chunks = await self._run(lambda transport: transport.read())
        if isinstance(chunks, list) and all(map(_is_chunk, chunks)):
            return [self._guarded(each) for each in chunks]
        fault = "reads what is no list of Chunks with aware times"
        self._plugin.note_failure(fault)
        raise LinkError(self._url, f"plug-in {self._plugin}: {fault}")

    async def send(
        self, data: bytes, *, connection: str | None = None, topic: str | None = None
    ) -> None:
        """Send `data`.

        Raises:
            LinkError: If the link does not take it, or the plug-in failed.
        """
        await self._run(lambda transport: transport.send(data, connection=connection, topic=topic))

    def now(self) -> datetime:
        """Return the present on the clock of `Chunk.heard_at`, aware UTC."""
        if self._transport is not None:
            try:
                now = self._plugin.call(self._transport.now)
                if isinstance(now, datetime) and now.tzinfo is not None:
                    return now
            except GatewayError:
                pass
        return datetime.now(UTC)

    def _says(self, name: str, default: bool) -> bool:
        """Return what it says of itself; `default` where it says nothing."""
        if self._transport is None:
            return default
        try:
            return bool(self._plugin.call(getattr, self._transport, name, default))
        except GatewayError:
            return default

    async def _run(self, begin: Callable[[Transport], Awaitable[T]]) -> T:
        """Return what a coroutine of the plug-in returns.

        Raises:
            LinkError: As it raises it; for whatever else it does wrong.
        """
        plugin, transport = self._plugin, self._transport
        if transport is None:
            raise LinkError(self._url, f"plug-in {plugin}: {plugin.fault or 'does not run'}")
        try:
            awaitable = plugin.call(begin, transport)
            return cast(T, await _in_steps(plugin, awaitable))
        except PluginError as error:
            raise LinkError(self._url, str(error)) from error

    def _guarded(self, chunk: Chunk) -> Chunk:
        """Return a chunk whose callbacks raise nothing: they are called in a batch of others."""
        given = {
            name: self._quiet(call)
            for name in _CALLED_LATER
            if (call := getattr(chunk, name)) is not None
        }
        return replace(chunk, **given) if given else chunk

    def _quiet(self, call: Callable[..., None]) -> Callable[..., None]:
        def guarded(*arguments: Any) -> None:
            try:
                self._plugin.call(call, *arguments)
            except GatewayError:
                pass  # noted

        return guarded


@types.coroutine
def _in_steps(plugin: Plugin, awaitable: Awaitable[Any]) -> Generator[Any, Any, Any]:
    """Run a coroutine, each step of it under the limits of the plug-in."""
    steps = plugin.call(awaitable.__await__)
    more = plugin.call(_step, lambda: next(steps))
    while not more[0]:
        try:
            sent = yield more[1]
        except BaseException as error:  # noqa: BLE001 - cancelled, as a rule: it is for the coroutine
            thrown = error
            more = plugin.call(_step, lambda: cast(Any, steps).throw(thrown))  # noqa: B023
        else:
            more = plugin.call(_step, lambda: cast(Any, steps).send(sent))  # noqa: B023
    return more[1]


def _step(go: Callable[[], Any]) -> tuple[bool, Any]:
    """Return whether a coroutine has ended, and what it returned or waits for."""
    try:
        return False, go()
    except StopIteration as end:
        return True, end.value


def _is_chunk(chunk: object) -> bool:
    return (
        isinstance(chunk, Chunk)
        and isinstance(chunk.data, bytes)
        and isinstance(chunk.connection, str)
        and isinstance(chunk.heard_at, datetime)
        and chunk.heard_at.tzinfo is not None
    )
