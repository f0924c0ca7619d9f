"""Errors of the `gis` package; all carry the data that caused them."""

from __future__ import annotations


class GisError(Exception):
    """Base of every error that `gis` raises on purpose."""


class LayerError(GisError):
    """A layer file that cannot be used.

    Args:
        file: Path or name of the file, as the user gave it.
        fault: What is wrong, in words a user can act on.
        layer: Layer inside the file, where it has several.
        feature: Number (from 0) or identifier of the feature at fault, if it is one feature.
    """

    def __init__(
        self,
        file: str,
        fault: str,
        *,
        layer: str | None = None,
        feature: int | str | None = None,
    ) -> None:
        self.file, self.fault, self.layer, self.feature = file, fault, layer, feature
        where = file
        if layer is not None:
            where += f", layer {layer}"
        if feature is not None:
            where += f", feature {feature}"
        super().__init__(f"{where}: {fault}")


class ExportError(GisError):
    """Something that a format cannot hold, or that cannot be written here."""


class PositionError(GisError):
    """Coordinates that are no place on Earth."""


class TrackError(GisError):
    """Positions or columns that make no track."""


class AreaError(GisError):
    """An area or rule that cannot be watched.

    Args:
        area: Its id.
        fault: What is wrong, in words a user can act on.
    """

    def __init__(self, area: str, fault: str) -> None:
        self.area, self.fault = area, fault
        super().__init__(f"area {area}: {fault}")
