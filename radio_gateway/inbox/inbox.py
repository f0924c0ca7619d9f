"""Inbox: the one bounded queue between the channels and the watch.

Sources that can wait (MQTT, TCP, HTTP) are not read further while a batch of what they brought
waits: more would make nothing faster, and whatever else is heard would wait behind it. Sources that
cannot (serial, UDP) have room of their own, and shed once it is full, in this order: the oldest
routine position of the same address, the oldest routine position; where there is none, a new
position is dropped, and for anything else new the oldest other routine transmission. Calls for help
always fit, but of one sender (an address on one channel) only the first and the newest while it is
full, and of senders that nobody has registered only so many as the inbox holds: anybody can make up
calls over UDP without end.
"""

from __future__ import annotations

import asyncio
import itertools
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from typing import Final

from radio_gateway.inbox.pending_distress import PendingDistress
from radio_gateway.messages.transmission import Delivery, Transmission

PATIENT: Final = 4000
"""Deliveries of those who can wait from which on they do: about a batch."""

MANY: Final = 400
"""Deliveries that nobody lets gather any longer: more at a time would not make each cheaper."""


class Inbox:
    """What was heard and waits for the watch. All channels of a process share one.

    Args:
        capacity: How many deliveries may wait of those who cannot; of those who can, as many, but
            no more than `PATIENT`.
        registered: Whether a radio address is somebody's; None: nobody knows, all may be.

    Attributes:
        shed: Transmissions dropped because the inbox was full, by channel name.
        numbers: Numbers receptions, across all channels of the process.
    """

    def __init__(
        self, capacity: int = 20_000, *, registered: Callable[[str], bool] | None = None
    ) -> None:
        if capacity < 1:
            raise ValueError("an inbox holds at least one delivery")
        self._capacity = capacity
        self._patient_at_most = min(capacity, PATIENT)
        self._patient = 0  # of what waits, came from those who can wait
        self._waiting: dict[int, Delivery] = {}
        self._next_key = 0
        self._can_shed: set[int] = set()
        self._queues: _ShedQueues | None = None
        self._calls = PendingDistress()
        self._registered = registered
        self._arrived = asyncio.Event()
        self._room = asyncio.Event()
        self._room.set()
        self._took = asyncio.Event()
        self.shed: Counter[str] = Counter()
        self.numbers: Iterator[int] = itertools.count(1)
        self._rested = asyncio.Event()
        self._rested.set()
        self._waking: asyncio.TimerHandle | None = None
        self._then_s = 0.0
        self._in_work: list[Delivery] = []

    def __len__(self) -> int:
        """Return how many deliveries wait."""
        return len(self._waiting)

    @property
    def unstored(self) -> int:
        """How many were received and are not yet stored: what waits, and what was taken last."""
        return len(self._waiting) + len(self._in_work)

    def unstored_by_channel(self) -> Counter[str]:
        """Return the same by the channel that heard them."""
        return Counter(
            delivery.transmission.channel for delivery in (*self._in_work, *self._waiting.values())
        )

    @property
    def is_full(self) -> bool:
        """Whether sources that can wait should."""
        return self._patient >= self._patient_at_most

    def offer(self, deliveries: Sequence[Delivery], *, can_wait: bool) -> None:
        """Add `deliveries`, in order. Never blocks.

        Args:
            deliveries: What was heard.
            can_wait: Whether the source waits for `room` before it reads further. From one that
                does, everything is taken; from one that does not, as much as fits.
        """
        if not deliveries:
            return
        waiting, key = self._waiting, self._next_key
        if can_wait:
            for delivery in deliveries:
                waiting[key] = delivery
                key += 1
            self._next_key = key
            self._patient += len(deliveries)
            if self._patient >= self._patient_at_most:
                self._room.clear()
        else:
            for delivery in deliveries:
                transmission = delivery.transmission
                crowded = len(waiting) - self._patient >= self._capacity
                if transmission.distress:
                    if crowded and not self._has_room_for_call(transmission):
                        continue
                    self._calls.add(self._next_key, transmission)
                elif not crowded or self._make_room(transmission):
                    self._can_shed.add(self._next_key)
                    if self._queues is not None:
                        self._queues.add(self._next_key, transmission)
                else:
                    continue
                waiting[self._next_key] = delivery
                self._next_key += 1
        self._arrived.set()
        if len(waiting) >= MANY:
            self.hurry()

    def rest(self, seconds: float, *, then_s: float = 0.0) -> None:
        """Note that what was taken is stored and nothing will be taken for so long: who can wait
        gathers meanwhile.

        Who waited until then goes on once, and gathers for `then_s` from then on.
        """
        self._in_work = []
        self._then_s = then_s
        self.gather(seconds)

    def gather(self, seconds: float) -> None:
        """Note that nothing will be taken for so long, whether or not what was taken is stored.

        Who waited until then for `wait_for_turn` goes on all the same.
        """
        if self._waking is not None:
            self._waking.cancel()
            self._waking = None
        if seconds > 0 and len(self._waiting) < MANY:
            self._rested.clear()
            self._waking = asyncio.get_running_loop().call_later(seconds, self._wake)
        else:
            self._wake()

    def _wake(self) -> None:
        self._rested.set()
        then_s, self._then_s = self._then_s, 0.0
        if then_s > 0:  # at once: who goes on would else come to wait again before that begins
            self.gather(then_s)

    def hurry(self) -> None:
        """Note that much has come, here or where it is read: the rest is over."""
        self.gather(0.0)

    async def wait_for_turn(self) -> None:
        """Wait, who can, until something may be taken again.

        If it may now, others go on first: who finds more each time it reads would else starve them.
        """
        if self._rested.is_set():
            await asyncio.sleep(0)
        else:
            await self._rested.wait()

    async def room(self) -> None:
        """Wait until the inbox is not full of what those brought who can wait.

        What came from those who cannot does not count: they must not starve those who can.
        """
        await self._room.wait()

    async def wait_until_taken(self) -> None:
        """Wait until somebody takes what waits, or the oldest of very much."""
        self._took.clear()
        await self._took.wait()

    async def take(self, limit: int = 2000) -> list[Delivery]:
        """Wait until something is there and return all that waits, oldest first.

        Who takes has stored what it took before.

        Args:
            limit: The most to return.
        """
        self._in_work = []
        while not self._waiting:
            self._arrived.clear()
            await self._arrived.wait()
        self._queues = None
        self._took.set()
        if len(self._waiting) <= limit:
            taken = list(self._waiting.values())
            self._waiting.clear()
            self._can_shed.clear()
            if self._calls.waiting:
                self._calls.clear()
        else:
            keys = list(itertools.islice(self._waiting, limit))
            taken = [self._waiting.pop(key) for key in keys]
            self._can_shed.difference_update(keys)
            self._calls.remove(keys)
        self._patient = len(self._waiting) - len(self._can_shed) - self._calls.waiting
        if self._patient < self._patient_at_most:
            self._room.set()
        self._in_work = taken
        return taken

    def _has_room_for_call(self, transmission: Transmission) -> bool:
        """Shed what gives way to a call for help; return False when that is the call itself."""
        calls = self._calls
        repeated = calls.repeated(transmission)
        if repeated is not None:
            del self._waiting[repeated]
            self.shed[transmission.channel] += 1
        elif (
            calls.senders >= self._capacity
            and not calls.calls(transmission)
            and self._registered is not None
            and not self._registered(transmission.address)
        ):
            self.shed[transmission.channel] += 1
            return False
        return True

    def _make_room(self, newcomer: Transmission) -> bool:
        """Shed one delivery; return False when it was the newcomer."""
        if self._queues is None:
            self._queues = _ShedQueues(
                (key, self._waiting[key].transmission) for key in sorted(self._can_shed)
            )
        key = self._queues.pop(newcomer)
        if key is None:
            self.shed[newcomer.channel] += 1
            return False
        self._can_shed.discard(key)
        self.shed[self._waiting.pop(key).transmission.channel] += 1
        return True


class _ShedQueues:
    """What may be shed, in the order in which it goes; made only while the inbox is full."""

    def __init__(self, items: Iterator[tuple[int, Transmission]]) -> None:
        # dicts keep their order and forget in constant time; the address groups positions
        self._by_address: dict[str, dict[int, None]] = {}
        self._address_of: dict[int, str] = {}
        self._positions: deque[int] = deque()
        self._others: deque[int] = deque()
        for key, transmission in items:
            self.add(key, transmission)

    def add(self, key: int, transmission: Transmission) -> None:
        """Note that `key` may be shed."""
        if transmission.kind != "position":
            self._others.append(key)
            return
        address = transmission.address
        self._by_address.setdefault(address, {})[key] = None
        self._address_of[key] = address
        self._positions.append(key)
        if len(self._positions) > 2 * len(self._address_of) + 64:
            self._positions = deque(k for k in self._positions if k in self._address_of)

    def pop(self, newcomer: Transmission) -> int | None:
        """Return the key to shed for `newcomer`; None when there is none to shed."""
        if newcomer.kind == "position":
            same = self._by_address.get(newcomer.address)
            if same:
                key = next(iter(same))
                self._forget(key)
                return key
        while self._positions:
            key = self._positions.popleft()
            if key in self._address_of:
                self._forget(key)
                return key
        if newcomer.kind == "position" or not self._others:
            return None
        return self._others.popleft()

    def _forget(self, key: int) -> None:
        address = self._address_of.pop(key)
        keys = self._by_address[address]
        del keys[key]
        if not keys:
            del self._by_address[address]
