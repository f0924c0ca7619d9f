"""Text encoding of files that do not declare one: detected where it is sure, else asked for.

A Shapefile says so in a `.cpg` beside it, or by a byte of its `.dbf`; one of the most frequent is
believed only where it names a script, since programs write "Windows, Western" whatever the text.
Text that is UTF-8 throughout is taken for it: in other encodings that happens by no accident.

Sources: dBASE III file structure (records at byte 8, language driver at byte 29); ESRI, "Read and
write shapefile and dBASE files encoded in various code pages" (values of the language driver).
"""

from __future__ import annotations

import codecs
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from gis.errors.errors import LayerError

ENCODINGS: Final = ("utf-8", "cp874", "gb18030", "cp1258", "cp1252")
"""What may be chosen: Unicode, Thai, Chinese (GBK and more), Vietnamese, Western."""

_DRIVERS: Final = {0x50: "cp874", 0x7C: "cp874", 0x4D: "gb18030", 0x7A: "gb18030"}
_LONGEST_SAMPLE: Final = 60


class EncodingNeeded(LayerError):
    """Text of a file that could be read in several ways.

    Args:
        file: The file, as the user gave it.
        samples: By encoding, how a part of the text reads in it.
        layer: Layer inside the file, where it has several.
    """

    def __init__(self, file: str, samples: dict[str, str], *, layer: str | None = None) -> None:
        self.samples = samples
        reads = "; ".join(f"{name} reads {text!r}" for name, text in samples.items())
        super().__init__(file, f"does not say how its text is encoded: {reads}", layer=layer)


def shapefile_encoding(name: str, file: Path, chosen: str | None) -> str:
    """Return how the text of a Shapefile is encoded.

    Args:
        name: The file, as the user gave it.
        file: Its .shp.
        chosen: What somebody said it is; None if nobody did.

    Raises:
        EncodingNeeded: If it does not say, and could be several.
        LayerError: If its text is not in the encoding that was chosen or that it names.
    """
    content = _sibling(file, ".dbf").read_bytes()
    texts = [each for each in _texts(content) if not each.isascii()]
    if not texts:
        return "utf-8"
    encoding = chosen or _cpg_encoding(_sibling(file, ".cpg")) or _DRIVERS.get(content[29])
    return encoding_of(name, texts, encoding)


def encoding_of(name: str, texts: Iterable[bytes], declared: str | None) -> str:
    """Return how texts are encoded: as is said, or in UTF-8 if they are.

    Raises:
        EncodingNeeded: If nothing is said, and they could be several.
        LayerError: If they are not in the encoding that is said.

    >>> encoding_of("a.csv", ["ທ່າ".encode()], None)
    'utf-8'
    >>> try:
    ...     encoding_of("a.csv", ["ท่าเรือ".encode("cp874")], None)
    ... except EncodingNeeded as error:
    ...     error.samples["cp874"], error.samples["cp1252"]
    ('ท่าเรือ', '·èÒàÃ×Í')
    """
    all_texts = list(texts)
    if declared is None and all(_reads(each, "utf-8") is not None for each in all_texts):
        return "utf-8"
    if declared is not None:
        wrong = next((each for each in all_texts if _reads(each, declared) is None), None)
        if wrong is None:
            return declared
        raise LayerError(name, f"has text that is no {declared}: {wrong[:_LONGEST_SAMPLE]!r}")
    samples: dict[str, str] = {}
    for encoding in ENCODINGS:
        read = [_reads(each, encoding) for each in all_texts]
        decoded = [each for each in read if each is not None]
        if len(decoded) == len(read):
            samples[encoding] = ", ".join(dict.fromkeys(decoded))[:_LONGEST_SAMPLE]
    if not samples:
        raise LayerError(name, f"has text in none of {', '.join(ENCODINGS)}")
    raise EncodingNeeded(name, samples)


def _reads(text: bytes, encoding: str) -> str | None:
    """Return a text in an encoding, an end that a field's width cut off left out; None if none."""
    try:
        return codecs.getincrementaldecoder(encoding)().decode(text, final=False).strip()
    except ValueError:
        return None


def _cpg_encoding(cpg: Path) -> str | None:
    """Return Python's name of the encoding that a .cpg names; None for one it does not know."""
    if not cpg.is_file():
        return None
    text = cpg.read_bytes()[:64].decode("ascii", "replace").strip().lower()
    for name in (text, f"cp{text.removeprefix('ansi').strip()}"):
        try:
            found = codecs.lookup(name).name
        except (LookupError, ValueError):
            continue
        return "gb18030" if found in ("gbk", "gb2312") else found
    return None


def _texts(content: bytes) -> Iterator[bytes]:
    """Yield the texts of a .dbf: names of columns, and values of those that hold characters."""
    count = int.from_bytes(content[4:8], "little")
    first, width = int.from_bytes(content[8:10], "little"), int.from_bytes(content[10:12], "little")
    fields: list[tuple[int, int]] = []
    at = 1
    for head in range(32, first - 1, 32):
        field = content[head : head + 32]
        if len(field) < 32 or field[0] == 0x0D:
            break
        yield field[:11].split(b"\0")[0]
        if field[11:12] == b"C":
            fields.append((at, at + field[16]))
        at += field[16]
    if width == 0:
        return
    for row in range(first, min(first + count * width, len(content)), width):
        record = content[row : row + width]
        if not record.isascii():
            for start, end in fields:
                yield record[start:end].strip(b" \0")


def _sibling(file: Path, ending: str) -> Path:
    return file.with_suffix(ending)
