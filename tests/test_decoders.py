"""What msgspec knows of a type is whole before threads share it."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = ("gis", "maps", "patrol", "radio_gateway")

# Two hundred types, each first decoded to by four threads at once.
SHARING = """
import sys, threading
import msgspec
from radio_gateway.parsing.msgspec_decoders import converted, json_decoder, msgpack_decoder

sys.setswitchinterval(1e-6)
BODY = b'{"x":{"a":1,"b":"q","c":["r"]},"y":[{"a":1}],"z":{"k":{"a":2}}}'
PLAIN = msgspec.json.decode(BODY)
PACKED = msgspec.msgpack.encode(PLAIN)
WAYS = {
    "json": lambda kind: json_decoder(kind).decode(BODY),
    "msgpack": lambda kind: msgpack_decoder(kind).decode(PACKED),
    "plain": lambda kind: converted(PLAIN, kind),
    "bare": lambda kind: msgspec.json.decode(BODY, type=kind),
}
decode = WAYS[sys.argv[1]]
wrong = []

def work(kind, start):
    start.wait()
    for _ in range(3):
        if decode(kind).y[0].a != 1:
            wrong.append(kind)

for number in range(200):
    fields = [("a", int), ("b", "str | None", None), ("c", "list[str]", ())]
    inner = msgspec.defstruct(f"Inner{number}", fields)
    fields = [("x", inner), ("y", list[inner]), ("z", dict[str, inner])]
    kind = msgspec.defstruct(f"Outer{number}", fields)
    start = threading.Barrier(4)
    threads = [threading.Thread(target=work, args=(kind, start)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
print("wrong:", len(wrong))
"""


@pytest.mark.parametrize("way", ["json", "msgpack", "plain"])
def test_threads_that_first_decode_to_a_type_at_once_all_get_what_is_there(way: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", SHARING, way],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert (done.returncode, done.stdout.strip()) == (0, "wrong: 0"), done.stderr[-2000:]


def _bare(tree: ast.AST) -> Iterator[int]:
    """Yield the lines on which msgspec is asked for a type inside a function."""
    for function in ast.walk(tree):
        if not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            continue
        for call in ast.walk(function):
            if not isinstance(call, ast.Call):
                continue
            name = ast.unparse(call.func)
            if not name.startswith("msgspec."):
                continue
            typed = any(keyword.arg == "type" for keyword in call.keywords)
            if name.endswith((".Decoder", ".convert")) or (name.endswith(".decode") and typed):
                yield call.lineno


def test_no_function_asks_msgspec_for_a_type_but_through_the_shared_decoders() -> None:
    allowed = {
        ROOT / "radio_gateway" / "parsing" / "msgspec_decoders.py",
        ROOT / "gis" / "layers" / "layer_format.py",
    }
    found = [
        f"{file.relative_to(ROOT)}:{line}"
        for package in PACKAGES
        for file in sorted((ROOT / package).rglob("*.py"))
        if file not in allowed
        for line in _bare(ast.parse(file.read_text(encoding="utf-8")))
    ]
    assert not found, f"use radio_gateway.parsing.msgspec_decoders: {found}"
