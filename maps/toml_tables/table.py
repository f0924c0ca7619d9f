"""SettingsTable: what the tables of `patrol.toml` have in common."""

from __future__ import annotations

from typing import Annotated

from pydantic import ConfigDict, Field

from maps.forms.form import Form

ShortName = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,31}$")]


MailAddress = Annotated[
    str, Field(max_length=254, pattern=r"^[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9.-]+$")
]
"""Without spaces, quotes, commas and line ends: nothing that could be a second header."""


class SettingsTable(Form):
    """A table of the file; a setting that it does not know is a fault."""

    model_config = ConfigDict(extra="forbid", frozen=True)
