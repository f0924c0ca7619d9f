"""Errors of the `maps` package; all carry the data that caused them."""

from __future__ import annotations

from collections.abc import Mapping

from patrol.errors.errors import Forbidden


class MapsError(Exception):
    """Base of every error that `maps` raises on purpose."""


class NotSignedIn(MapsError):
    """No session, device key or password that is good; says no more, on purpose."""

    def __init__(self, message: str = "sign in first") -> None:
        super().__init__(message)


class SignInRefused(MapsError):
    """Name and password, or link, do not let anyone in."""

    def __init__(self, message: str = "name or password is wrong") -> None:
        super().__init__(message)


class ProofNeeded(MapsError):
    """The act asks for password or code again: the last was shown a while ago."""

    def __init__(self) -> None:
        super().__init__("show your password or a code again: POST /api/session/proof")


class TooManyTries(MapsError):
    """Too many failed tries for this name or from this address.

    Args:
        wait_s: How long to wait before the next try, seconds.
    """

    def __init__(self, wait_s: float) -> None:
        self.wait_s = wait_s
        super().__init__(f"too many failed tries: wait {max(1, round(wait_s))} s")


class TooBusy(MapsError):
    """So much password work waits that more would starve the rest."""

    def __init__(self) -> None:
        super().__init__("too many sign-ins at once: try again in a few seconds")


class BadRequest(MapsError):
    """A request that cannot be understood.

    Args:
        message: What is wrong.
        field: Field at fault, where it is one.
        code: Short fixed word of a fault that pages have words of their own for.
    """

    def __init__(self, message: str, *, field: str | None = None, code: str | None = None) -> None:
        self.field, self.code = field, code
        super().__init__(message)


class BadFile(MapsError):
    """A file that somebody brings, which cannot be used.

    Args:
        file: Its name.
        fault: What is wrong.
        layer: Layer at fault, where it has several.
        feature: Feature at fault, from 0, if it is one.
        encodings: By encoding, how a part of its text reads in it, where one must be chosen.
    """

    def __init__(
        self,
        file: str,
        fault: str,
        *,
        layer: str | None = None,
        feature: int | str | None = None,
        encodings: Mapping[str, str] | None = None,
    ) -> None:
        self.code = "encoding_needed" if encodings else None
        self.values = dict(encodings or {})
        where = file
        if layer is not None:
            where += f", layer {layer}"
        if feature is not None:
            where += f", feature {feature}"
        super().__init__(f"{where}: {fault}")


class SettingsFaults(MapsError):
    """Everything that is wrong with a configuration, at once.

    Args:
        faults: One line each, `file: table.field: what is wrong`.
    """

    def __init__(self, faults: list[str]) -> None:
        self.faults = faults
        super().__init__("\n".join(faults))


class ServerRunning(MapsError):
    """The store is in use by a running server, which alone may write to it."""


class ServerRefused(MapsError):
    """The running server refused what a command asked of it, or is not reached; in its words."""


class WatchUnreachable(MapsError):
    """The process that keeps the picture cannot be reached now; nothing was done."""


class NoAnswer(MapsError):
    """The process that keeps the picture did not answer: what was asked may or may not be done."""


class NotBuilt(MapsError):
    """The web client, or a file it brings along, has not been built."""

    def __init__(self) -> None:
        super().__init__("the web client has not been built: python -m maps.webbuild")


class CodeNeeded(MapsError):
    """Name and password are right, and the code of the second factor is missing."""

    def __init__(self) -> None:
        super().__init__("type the code that your authenticator shows, or a recovery code")


class SecondFactorNeeded(Forbidden):
    """The role asks for a second factor, and the session began without one."""

    def __init__(self, role: str) -> None:
        super().__init__("do anything before a second factor is set up", role)


class TooManyWrites(TooManyTries):
    """One caller asks for more changes than anybody needs."""

    def __init__(self, wait_s: float) -> None:
        super().__init__(wait_s)
        self.args = ("too many changes at once: wait a moment",)


class SealError(MapsError):
    """The key that seals secrets cannot be used, or is another one."""


class ProviderError(MapsError):
    """The provider of OpenID Connect cannot be reached, or says what it must not."""


class TooManyReplays(MapsError):
    """A user loads as many replays at once as anybody needs.

    Args:
        wait_s: How long to wait before the next try, seconds.
    """

    code = "too_many_replays"

    def __init__(self, wait_s: float) -> None:
        self.wait_s = wait_s
        super().__init__("too much of replays is being loaded for you: wait until some of it came")


class ReplayBusy(MapsError):
    """So many replays are being loaded that more would starve the live picture.

    Args:
        wait_s: How long to wait before the next try, seconds.
    """

    code = "replay_busy"

    def __init__(self, wait_s: float) -> None:
        self.wait_s = wait_s
        super().__init__("too many replays are being loaded: try again in a few seconds")


class TooManyReports(MapsError):
    """A user has as many reports in line as anybody needs."""

    code = "too_many_reports"

    def __init__(self, most: int) -> None:
        super().__init__(f"{most} reports are being made for you: wait for one of them")


class ReportsBusy(MapsError):
    """As many reports are in line as this node makes in some minutes."""

    code = "reports_busy"

    def __init__(self, in_line: int) -> None:
        super().__init__(f"{in_line} reports are in line already: ask again in some minutes")


class ReportFailed(MapsError):
    """A report that cannot be made, for a reason that its reader can do something about."""


class BadCertificate(MapsError):
    """A certificate, its key or its passphrase cannot be used; says why."""
