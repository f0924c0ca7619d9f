"""What atheris drives: one protocol, fed with inputs that it makes from what they cover.

    python -m tests.fuzz.target PROTOCOL FOLDER RUNS SECONDS MAX_BYTES

Started by `tests.fuzz`. An error ends the process; atheris writes the input that caused it to the
folder, and an endless loop or too much memory is an error too.
"""

from __future__ import annotations

import ast
import sys
from pathlib import Path

_DECODERS = ("radio_gateway.protocols", "radio_gateway.formats")
_LONG_EVERY = 8
_HANGS_S = 20
_MOST_MIB = 1024


def main(name: str, folder: Path, runs: str, seconds: str, max_bytes: str) -> None:
    """Fuzz one protocol; does not return."""
    # Here, since decoders must be imported under instrumentation, and tests go without atheris.
    import atheris

    with atheris.instrument_imports(include=[*_DECODERS, "radio_gateway.decoding.framing"]):
        import radio_gateway.protocols
    from tests.fuzz.exercise import HEAD, LongConnection, exercise, read_input
    from tests.fuzz.samples import samples, shared_samples

    corpus = folder / "corpus"
    corpus.mkdir(parents=True, exist_ok=True)
    seeds = [*samples(name), *shared_samples(name)]
    for number, seed in enumerate(seeds):
        # as one read without repair, and in three with it
        for how, head in enumerate((bytes(HEAD), bytes((2, 85, 170, 0, 0, 0)))):
            (corpus / f"seed-{number}-{how}").write_bytes(head + seed)
    words = folder / "words.txt"
    module = str(vars(radio_gateway.protocols.PROTOCOLS[name])["__name__"])
    words.write_text("\n".join(_words(module)) + "\n")
    connection = LongConnection(name)
    count = most_bytes = 0

    def take(raw: bytes) -> None:
        nonlocal count, most_bytes
        count += 1
        given = read_input(name, raw)
        exercise(name, given)
        if count % _LONG_EVERY == 0:
            try:
                connection.hear(given.data)
            except BaseException:
                (folder / "long-connection.txt").write_text(
                    "\n".join(each.hex() for each in connection.last)
                )
                raise
            if connection.most_bytes > most_bytes:
                most_bytes = connection.most_bytes
                print(f"held: {most_bytes} bytes", file=sys.stderr)

    atheris.Setup(
        [
            sys.argv[0],
            str(corpus),
            f"-runs={runs}",
            f"-max_total_time={seconds}",
            f"-max_len={max_bytes}",
            f"-dict={words}",
            f"-artifact_prefix={folder}/",
            f"-timeout={_HANGS_S}",
            f"-rss_limit_mb={_MOST_MIB}",
            "-print_final_stats=1",
            "-reload=0",
        ],
        take,
    )
    atheris.Fuzz()


def _words(module: str) -> list[str]:
    """Return the texts in a protocol's modules, as lines of a libFuzzer dictionary."""
    todo, done = [module], set()
    found: set[bytes] = set()
    while todo:
        name = todo.pop()
        source = sys.modules[name].__file__ if name in sys.modules else None
        if name in done or source is None:
            continue
        done.add(name)
        for node in ast.walk(ast.parse(Path(source).read_text())):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(_DECODERS):
                todo.append(node.module or "")
            value = node.value if isinstance(node, ast.Constant) else None
            data = value.encode() if isinstance(value, str) else value
            if isinstance(data, bytes) and 1 < len(data) <= 24:
                found.add(data)
    return ["".join(f"\\x{byte:02x}" for byte in each).join('""') for each in sorted(found)]


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), *sys.argv[3:6])
