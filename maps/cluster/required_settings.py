"""Required settings: what a process of a split node needs in its settings."""

from __future__ import annotations

from maps.accounts.credentials.sealer import read_or_make_sealing_key
from maps.errors.errors import SettingsFaults
from maps.settings.internal_settings import InternalSettings
from maps.settings.settings import Settings


def internal_of(settings: Settings) -> InternalSettings:
    """Return how the processes of the node reach each other.

    Raises:
        SettingsFaults: If nothing is said of that.
    """
    if settings.internal is None:
        fault = "is missing: it says by which broker the processes of this node reach each other"
        raise SettingsFaults([f"{settings.source}: internal: {fault}"])
    return settings.internal


def key_of(internal: InternalSettings) -> bytes:
    """Return the key that the node's processes share; made if there is none.

    Raises:
        SealError: If it cannot be used, or others may read it.
    """
    key = read_or_make_sealing_key(internal.key_file)
    internal.check_key()
    return key
