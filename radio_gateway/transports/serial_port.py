"""Serial port: `serial:///dev/serial/by-id/…?baud=9600&parity=N&bytesize=8&stopbits=1`.

Name the device by `/dev/serial/by-id` or `by-path`: `/dev/ttyUSB0` may be another radio after the
next start. Further options: `rtscts`, `xonxoff`, `dsrdtr` (0 or 1) for flow control, and `dtr`,
`rts` (0 or 1, else left to the system), because some interfaces key the transmitter with them.

The port is opened for us alone and read on a thread of its own. A device that vanishes may do so
without an error, so the thread also looks whether the name still leads to the device it opened.
"""

from __future__ import annotations

import asyncio
import errno
import os
import re
import threading
import time
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import ClassVar, Self

import serial
import structlog

from radio_gateway.clock.clock import utc_now
from radio_gateway.errors.errors import LinkError, SettingsError
from radio_gateway.links.link_url import Link, LinkOptions
from radio_gateway.links.receive_buffer import Mailbox
from radio_gateway.links.transport import Chunk

READ_TIMEOUT_S = 0.2
WRITE_TIMEOUT_S = 5.0
_LOOK_EVERY_S = 1.0
_BY_ID = Path("/dev/serial/by-id")
_BUSY = "another program has it open; `radio-gateway ports` says which"
_ABSENT = "there is no such port; `radio-gateway ports` lists them"
_IN_WORDS = {
    errno.ENOENT: _ABSENT,
    errno.ENXIO: _ABSENT,
    errno.ENODEV: _ABSENT,
    errno.EBUSY: _BUSY,
    errno.EAGAIN: _BUSY,  # its lock is taken
    errno.EACCES: "this user may not open it: is it in the group dialout?",
    errno.ENOTTY: "it is no serial port",
}
_log = structlog.get_logger(__name__)


class SerialTransport:
    """One serial port.

    Args:
        link: `serial:///dev/…`.

    Raises:
        SettingsError: If the path is missing or an option is wrong.
    """

    can_wait: ClassVar[bool] = False
    is_local: ClassVar[bool] = True
    is_stream: ClassVar[bool] = True
    is_live = True
    reopens_when_silent: ClassVar[bool] = True
    can_send: ClassVar[bool] = True
    fault: ClassVar[str | None] = None

    def __init__(self, link: Link) -> None:
        if link.host or not link.path:
            raise SettingsError(
                "url", f"{link.public_url} needs a device: serial:///dev/serial/by-id/…"
            )
        options = LinkOptions(link)
        self._baud = options.whole("baud", 9600, low=50, high=4_000_000)
        self._parity = options.text("parity", "N", choices=("N", "E", "O", "M", "S"))
        self._bytesize = options.whole("bytesize", 8, low=5, high=8)
        self._stopbits = float(options.text("stopbits", "1", choices=("1", "1.5", "2")))
        self._rtscts = options.flag("rtscts", default=False)
        self._xonxoff = options.flag("xonxoff", default=False)
        self._dsrdtr = options.flag("dsrdtr", default=False)
        self._dtr = options.text("dtr", "", choices=("", "0", "1"))
        self._rts = options.text("rts", "", choices=("", "0", "1"))
        options.finish()
        self._path, self._public_url = link.path, link.public_url
        self._mailbox = Mailbox()
        self._reader: _Reader | None = None

    async def __aenter__(self) -> Self:
        """Open the port. Raises LinkError when it is absent or in use."""
        self._mailbox = Mailbox()
        self._reader = _Reader(self._port(), self._path, self._public_url, self._mailbox)
        try:
            await self._reader.start()
        except BaseException:
            await self._stop()
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the port and end the thread."""
        await self._stop()

    async def read(self) -> list[Chunk]:
        """Return what the port brought. Raises LinkError when the device has gone."""
        return await self._mailbox.take()

    async def send(
        self, data: bytes, *, connection: str | None = None, topic: str | None = None
    ) -> None:
        """Write `data` to the port. Raises LinkError when it is closed or does not take it."""
        if self._reader is None:
            raise LinkError(self._public_url, "the link is not open")
        await self._reader.write(data)

    def now(self) -> datetime:
        """Return the present."""
        return utc_now()

    async def _stop(self) -> None:
        if self._reader is not None:
            await self._reader.stop()
            self._reader = None

    def _port(self) -> serial.Serial:
        port = serial.Serial(
            baudrate=self._baud,
            parity=self._parity,
            bytesize=self._bytesize,
            stopbits=self._stopbits,
            rtscts=self._rtscts,
            xonxoff=self._xonxoff,
            dsrdtr=self._dsrdtr,
            timeout=READ_TIMEOUT_S,
            write_timeout=WRITE_TIMEOUT_S,
            exclusive=True,
        )
        # set before opening, so that a line that keys a transmitter never rises
        if self._dtr:
            port.dtr = self._dtr == "1"
        if self._rts:
            port.rts = self._rts == "1"
        port.port = self._path
        return port


class _Reader:
    """The thread that opens, reads and closes the port; what is said is written on others."""

    def __init__(self, port: serial.Serial, path: str, url: str, mailbox: Mailbox) -> None:
        self._port, self._path, self._public_url, self._mailbox = port, path, url, mailbox
        self._loop = asyncio.get_running_loop()
        self._opened: asyncio.Future[None] = self._loop.create_future()
        self._ended = asyncio.Event()
        self._stopping = threading.Event()
        self._closing = threading.Lock()
        self._one_at_a_time = asyncio.Lock()  # what is said, or one would be said into the other
        self._writing = threading.Lock()  # as long as its thread is at it, whoever still waits
        self._closed = False
        self._room = threading.Event()
        self._room.set()
        self._answers: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Open the port; raises LinkError."""
        threading.Thread(target=self._run, name=f"serial {self._path}", daemon=True).start()
        await self._opened

    async def stop(self) -> None:
        """Close the port and wait until the thread has ended."""
        self._stopping.set()
        self._room.set()
        # Not while the thread closes it: its descriptors may be another file's by then.
        if self._closing.acquire(blocking=False):
            try:
                if self._port.is_open:
                    self._port.cancel_read()
            except (OSError, TypeError):
                pass  # it is only being opened: what it reads first ends it
            finally:
                self._closing.release()
        await self._ended.wait()

    async def write(self, data: bytes) -> None:
        """Write `data` in its turn; raises LinkError when the port does not take it within 5 s."""
        try:
            async with self._one_at_a_time:
                await asyncio.to_thread(self._write, data)
        except (serial.SerialException, OSError, ValueError) as error:
            raise LinkError(self._public_url, _fault(error)) from error

    def reply(self, data: bytes) -> None:
        """Write an answer when there is time for it."""
        task = self._loop.create_task(self._answer(data))
        self._answers.add(task)
        task.add_done_callback(self._answers.discard)

    async def _answer(self, data: bytes) -> None:
        try:
            await self.write(data)
        except LinkError as error:
            _log.warning("answer_not_sent", url=error.url, fault=error.fault)

    def _run(self) -> None:
        fault = "closed"
        try:
            self._port.open()
            _advise(self._path)
            self._call(self._log_opened)
            fault = self._listen()
        except (serial.SerialException, OSError, ValueError) as error:
            fault = _fault(error)
        finally:
            self._close()
            self._call(self._log_ended, LinkError(self._public_url, fault))

    def _write(self, data: bytes) -> None:
        with self._writing:
            # What was broken off tells so by its length alone.
            if self._closed or self._port.write(data) != len(data):
                raise serial.PortNotOpenError

    def _close(self) -> None:
        """Close the port once nothing is written any more: its number is another file's then."""
        self._closed = True
        with suppress(OSError):
            self._port.cancel_write()
        with self._writing, self._closing:
            self._port.close()

    def _listen(self) -> str:
        """Hand on what the port brings until it breaks; return why it ended."""
        port = self._port
        look_at = time.monotonic() + _LOOK_EVERY_S
        while not self._stopping.is_set():
            data = port.read(1)
            if data:
                data += port.read(port.in_waiting)
                self._room.clear()
                self._call(self._arrived, data, utc_now())
                # the port is slower than any loop; this bounds what a stuck loop piles up
                self._room.wait()
            if time.monotonic() >= look_at:
                look_at = time.monotonic() + _LOOK_EVERY_S
                if not self._same_device():
                    return "another device has taken the name, or none has it"
        return "closed"

    def _same_device(self) -> bool:
        ours = os.fstat(self._port.fileno())
        try:
            status = Path(self._path).stat()
        except OSError:
            return False
        return (ours.st_dev, ours.st_ino, ours.st_rdev) == (
            status.st_dev,
            status.st_ino,
            status.st_rdev,
        )

    def _arrived(self, data: bytes, heard_at: datetime) -> None:
        self._mailbox.put(Chunk(data, heard_at, reply=self.reply))
        self._room.set()

    def _log_opened(self) -> None:
        if not self._opened.done():
            self._opened.set_result(None)

    def _log_ended(self, fault: LinkError) -> None:
        if not self._opened.done():
            self._opened.set_exception(fault)
        self._mailbox.fail(fault)
        self._ended.set()

    def _call(self, function: object, *args: object) -> None:
        try:
            self._loop.call_soon_threadsafe(function, *args)  # type: ignore[arg-type]
        except RuntimeError:  # the loop was closed without closing us
            self._stopping.set()
            self._room.set()


def _fault(error: Exception) -> str:
    """Return what is wrong with the port; pyserial says it twice, and as numbers."""
    number = getattr(error, "errno", None)
    if number in _IN_WORDS:
        return _IN_WORDS[number]
    if number:
        return os.strerror(number)
    return re.sub(r"\[Errno \d+\] ", "", str(error)) or type(error).__name__


def _advise(path: str) -> None:
    """Tell the technician the lasting name of a device that was named by number."""
    if not path.startswith(("/dev/ttyUSB", "/dev/ttyACM")) or not _BY_ID.is_dir():
        return
    for name in _BY_ID.iterdir():
        if name.resolve() == Path(path):
            _log.warning("device_name_may_change", device=path, lasting_name=str(name))
