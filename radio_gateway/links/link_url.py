"""Link: where a channel's bytes come from: its URL taken apart, and its credentials.

A channel's URL is `scheme://user@host:port/path?option=value&…`. `+` and `#` stand for
themselves, so that MQTT topics can be written plainly; `%xx` is understood everywhere.
"""

from __future__ import annotations

import difflib
from urllib.parse import unquote, urlsplit

import msgspec

from radio_gateway.errors.errors import SettingsError

_SECRET_OPTIONS = frozenset({"password", "secret", "token", "key"})


class Link(msgspec.Struct, frozen=True, kw_only=True):
    """Where a channel's bytes come from.

    Attributes:
        scheme: What carries them, a name in `TRANSPORTS`.
        host: Host name or address; empty where there is none.
        port: Port; None when not given.
        path: Path, for example of a device; empty where there is none.
        options: Options in the order given; a name may come several times.
        username: Name to sign in with.
        password: Password to sign in with.
        ca_file: Certificates to trust in place of the machine's, PEM.
        cert_file: Own certificate, PEM.
        key_file: Key of the own certificate, PEM.
        client_id: Name that stands for this channel towards a broker, the same for ever.
        keys: Key of each device that may sign in, where devices sign in to us.
        public_url: The URL without secrets.
    """

    scheme: str
    host: str = ""
    port: int | None = None
    path: str = ""
    options: tuple[tuple[str, str], ...] = ()
    username: str | None = None
    password: str | None = None
    ca_file: str | None = None
    cert_file: str | None = None
    key_file: str | None = None
    client_id: str = "joint-patrol"
    keys: dict[str, str] = {}
    public_url: str = ""

    def __repr__(self) -> str:
        """Return the URL without secrets: a repr may end in a log."""
        return f"Link({self.public_url!r})"


def parse_link(url: str) -> Link:
    """Take a channel's URL apart.

    Raises:
        SettingsError: With `where` `url`, if it is no URL.

    >>> parse_link("mqtt://box:1883?topic=owntracks/+/+&topic=a/%23").options
    (('topic', 'owntracks/+/+'), ('topic', 'a/#'))
    >>> parse_link("serial:///dev/ttyUSB0?baud=9600").path
    '/dev/ttyUSB0'
    """
    plain_url = channel_url_without_secrets(url)
    address, _, query = url.partition("?")
    try:
        parts = urlsplit(address, allow_fragments=False)
        port = parts.port
    except ValueError as error:
        raise SettingsError("url", f"{plain_url} is not a URL: {error}") from error
    if not parts.scheme:
        raise SettingsError("url", f"{plain_url!r} names no scheme, such as serial:// or mqtt://")
    options = []
    for item in filter(None, query.split("&")):
        name, equals, value = item.partition("=")
        if not equals:
            raise SettingsError("url", f"option {name!r} has no value; write {name}=…")
        options.append((unquote(name), unquote(value)))
    return Link(
        scheme=parts.scheme,
        host=parts.hostname or "",
        port=port,
        path=unquote(parts.path),
        options=tuple(options),
        username=None if parts.username is None else unquote(parts.username),
        password=None if parts.password is None else unquote(parts.password),
        public_url=plain_url,
    )


def channel_url_without_secrets(url: str) -> str:
    """Return `url` without password and without the values of secret options.

    >>> channel_url_without_secrets("mqtts://boat:s3cret@box:8883?topic=a/#")
    'mqtts://boat@box:8883?topic=a/#'
    >>> channel_url_without_secrets("tcp://box:1?key=s3cret")
    'tcp://box:1?key=…'
    """
    address, mark, query = url.partition("?")
    scheme, slashes, rest = address.partition("://")
    if slashes:
        authority, slash, path = rest.partition("/")
        user, at, host = authority.rpartition("@")
        if at:
            authority = f"{user.partition(':')[0]}@{host}"
        address = f"{scheme}://{authority}{slash}{path}"
    items = []
    for item in query.split("&"):
        name, equals, value = item.partition("=")
        hide = equals and value and name.lower() in _SECRET_OPTIONS
        items.append(f"{name}=…" if hide else item)
    return address + mark + "&".join(items)


class LinkOptions:
    """Reads the options of a link; each is asked for once, then `finish` finds the unknown ones.

    Args:
        link: The link.
    """

    def __init__(self, link: Link) -> None:
        self._unread: dict[str, list[str]] = {}
        for name, value in link.options:
            self._unread.setdefault(name, []).append(value)
        self._option_names: list[str] = []

    def many(self, name: str) -> list[str]:
        """Return every value of the option `name`; empty when it is not given."""
        self._option_names.append(name)
        return self._unread.pop(name, [])

    def text(self, name: str, default: str, *, choices: tuple[str, ...] = ()) -> str:
        """Return the option `name`, or `default`.

        Args:
            name: The option.
            default: What it is when not given.
            choices: What it may be; anything when empty.

        Raises:
            SettingsError: If it is given twice or is none of `choices`.
        """
        values = self.many(name)
        if len(values) > 1:
            raise SettingsError("url", f"option {name!r} is given {len(values)} times")
        value = values[0] if values else default
        if choices and value not in choices:
            raise SettingsError("url", f"{name}={value} is none of {', '.join(choices)}")
        return value

    def number(self, name: str, default: float, *, low: float, high: float) -> float:
        """Return the option `name` as a number between `low` and `high`, or `default`.

        Raises:
            SettingsError: If it is no number or outside.
        """
        text = self.text(name, str(default))
        try:
            value = float(text)
        except ValueError:
            raise SettingsError("url", f"{name}={text} is not a number") from None
        if not low <= value <= high:
            raise SettingsError("url", f"{name}={text} is outside {low:g} to {high:g}")
        return value

    def whole(self, name: str, default: int, *, low: int, high: int) -> int:
        """Return the option `name` as a whole number between `low` and `high`, or `default`.

        Raises:
            SettingsError: If it is no whole number or outside.
        """
        value = self.number(name, default, low=low, high=high)
        if value != int(value):
            raise SettingsError("url", f"{name}={value:g} is not a whole number")
        return int(value)

    def flag(self, name: str, *, default: bool) -> bool:
        """Return the option `name`, `0` or `1`, as a truth value, or `default`.

        Raises:
            SettingsError: If it is neither.
        """
        return self.text(name, str(int(default)), choices=("0", "1")) == "1"

    def finish(self) -> None:
        """Check that nothing was given that nobody asked for.

        Raises:
            SettingsError: If an option is unknown, with the nearest known one.
        """
        for name in self._unread:
            near = difflib.get_close_matches(name, self._option_names, n=1)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            known = ", ".join(sorted(self._option_names)) or "none"
            raise SettingsError("url", f"unknown option {name!r}{hint} (known: {known})")
