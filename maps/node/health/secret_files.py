"""Secret files: what of a node nobody else on its computer may read: keys, passwords, records.

They are found by the names of their settings, whatever table these stand in, so that a new one is
looked at from its first day on.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from maps.carriers.node_key_files import node_key_file, node_tls_file, previous_key_file
from patrol.maintenance.backup_rounds import backups_in

if TYPE_CHECKING:
    from maps.settings.settings import Settings

_FILES: Final = (
    "key_file",
    "password_file",
    "secret_file",
    "secrets_file",
    "token_file",
    "cert_file",  # may hold its key, too
    "tls_key",
)
_IN_PLACE: Final = ("password", "secret")


def secret_files(
    settings: Settings, tables: Mapping[str, Any], file: Path, audit_key: Path
) -> Iterator[tuple[str, Path]]:
    """Yield the setting and the path of each file that holds a secret and is there.

    Args:
        settings: What the node is told.
        tables: The same as TOML gives it.
        file: The settings file; itself one where a secret stands in it.
        audit_key: The key that signs the journal.
    """
    paths = dict(_file_settings(tables, ""))
    paths.setdefault("access.key_file", str(settings.access.key_file))
    if settings.internal is not None:
        paths.setdefault("internal.key_file", str(settings.internal.key_file))
    for where, name in paths.items():
        yield from _existing(where, settings.folder / name)
    if _holds_secret(tables):
        yield from _existing("the settings", file)
    store = settings.store.file
    if store is not None:
        for end in ("", "-wal", "-shm"):
            yield from _existing("store.url", store.with_name(f"{store.name}{end}"))
    yield from _existing("the journal's key", audit_key)
    yield from _existing("the node's key for counterparts", node_key_file(settings))
    yield from _existing("the node's key of before", previous_key_file(settings))
    yield from _existing("the node's TLS key for counterparts", node_tls_file(settings))
    if settings.backup is not None:
        for each in backups_in(settings.backup.folder, settings.node.id)[-1:]:
            yield "backup.folder", each
    for key in sorted(settings.protected.key_folder.glob("*.key")):
        yield "protected.key_folder", key


def open_to_others(file: Path) -> bool:
    """Return whether anybody on this computer may read or write a file.

    A folder that is closed to them closes all that is in it.
    """
    if os.name != "posix":
        return False
    try:
        path = file.resolve()
        if not path.stat().st_mode & (stat.S_IROTH | stat.S_IWOTH):
            return False
        return all(each.stat().st_mode & stat.S_IXOTH for each in path.parents)
    except OSError:
        return False


def _existing(where: str, file: Path) -> Iterator[tuple[str, Path]]:
    if file.exists():
        yield where, file


def _file_settings(value: Any, where: str) -> Iterator[tuple[str, str]]:
    """Yield settings that name such a file, with where they stand: `channels[0].password_file`."""
    if isinstance(value, Mapping):
        for name, each in value.items():
            path = f"{where}.{name}" if where else str(name)
            if isinstance(each, str) and str(name).endswith(_FILES):
                yield path, each
            else:
                yield from _file_settings(each, path)
    elif isinstance(value, list | tuple):
        for number, each in enumerate(value):
            yield from _file_settings(each, f"{where}[{number}]")


def _holds_secret(value: Any) -> bool:
    if isinstance(value, Mapping):
        return any(
            (name in _IN_PLACE and isinstance(each, str))
            or (name == "url" and isinstance(each, str) and _has_password(each))
            or _holds_secret(each)
            for name, each in value.items()
        )
    return isinstance(value, list | tuple) and any(map(_holds_secret, value))


def _has_password(url: str) -> bool:
    user, at, _ = url.partition("://")[2].partition("/")[0].rpartition("@")
    return bool(at) and ":" in user
