"""Writes the Python of our `.proto` files: `python -m tests.radio_gateway.protobuf.generate`."""

from __future__ import annotations

from pathlib import Path

from grpc_tools import protoc

ROOT = Path(__file__).parent.parent.parent.parent
ROOM = Path("radio_gateway/protobuf")


def generate(folder: Path) -> list[Path]:
    """Write modules and their types below `folder` and return where they lie in the tree."""
    sources = sorted((ROOT / ROOM).glob("*.proto"))
    words = [f"-I{ROOT}", f"--python_out={folder}", f"--pyi_out={folder}"]
    if protoc.main(["protoc", *words, *map(str, sources)]) != 0:
        raise SystemExit("the compiler of protocol buffers refused them")
    return [ROOM / f"{source.stem}_pb2{ending}" for source in sources for ending in (".py", ".pyi")]


if __name__ == "__main__":
    generate(ROOT)
