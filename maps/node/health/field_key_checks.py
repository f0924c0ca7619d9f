"""Field key checks: keys of protected fields that are missing or wrong, text not yet sealed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from patrol.errors.errors import FieldKeyError, NoFieldKey, StoreError
from patrol.protected_fields.field_key import FieldKeys
from patrol.store.protection.plain_words import plain_documents

if TYPE_CHECKING:
    from maps.settings.settings import Settings


def field_key_faults(settings: Settings) -> Iterator[str]:
    """Yield what keeps an agency's key from being used."""
    keys = FieldKeys(settings.protected.key_folder)
    for agency in settings.agencies:
        try:
            keys.read(agency.id)
        except NoFieldKey:
            continue
        except FieldKeyError as error:
            yield str(error)


def field_key_warnings(settings: Settings) -> Iterator[str]:
    """Yield which agencies have no key, which keys are on no paper, and what is in plain words."""
    keys = FieldKeys(settings.protected.key_folder)
    for agency in settings.agencies:
        try:
            key = keys.read(agency.id)
        except NoFieldKey as error:
            yield str(error)
        except FieldKeyError:
            continue
        else:
            if not keys.is_printed(agency.id, key):
                yield (
                    f"the key of {agency.id} is on no paper, and whoever loses it loses all that"
                    f" is sealed: joint-patrol keys print --agency {agency.id}"
                )
    file = settings.store.file
    if file is not None and not file.exists():
        return
    try:
        count = plain_documents(settings.store.url)
    except StoreError:  # told of elsewhere
        return
    if count:
        yield (
            f"{count} incidents and targets hold names in plain words, which nobody is shown:"
            " stop the server and say `joint-patrol keys seal`"
        )
