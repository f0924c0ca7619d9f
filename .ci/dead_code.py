"""Fails on what no part of the product reaches: `python .ci/dead_code.py`.

Two looks, neither of them at tests. Vulture finds names, those of methods and fields too, that the
four packages use nowhere. A walk along imports finds functions, classes and constants of modules
that nothing reaches from what runs as a module is loaded. `dead_code.toml` lists what is reached
all the same or stays, by reason; an entry there that is needed no more fails as well.
"""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Container, Iterable, Iterator
from pathlib import Path

ROOT = Path(__file__).parent.parent
PACKAGES = ("gis", "radio_gateway", "patrol", "maps")
LEFT_OUT = ("maps/web/", "maps/static/", "maps/manual/", "/migrations/versions/", "_pb2.py")
LOADED_BY_NAME = ("radio_gateway.protocols", "radio_gateway.transports")  # tables of modules
WRAPPERS = ("cache", "lru_cache", "functools.lru_cache", "contextmanager", "asynccontextmanager")
HANDED_ON = "@*router.*,@*app.*,@*commands.*,@described.*,@compiles*,@*listens_for*,@*validator*"
IGNORED = "model_config"  # of pydantic

Node = tuple[str, str]  # a module and what it defines; its other statements are ""
Definition = ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef


class Module:
    """What one module defines, and what each of it uses."""

    def __init__(self, name: str, path: Path, known: Container[str]) -> None:
        self.name, self.path, self._known = name, path.relative_to(ROOT), known
        self.imported: dict[str, Node] = {}
        self.lines: dict[str, int] = {}
        self._used: dict[str, list[ast.AST]] = {"": []}
        for statement in _flat(ast.parse(path.read_text(encoding="utf-8")).body):
            part = _defined(statement)
            part = "" if part in self.imported else part  # in place of what could not be imported
            self.lines.setdefault(part, statement.lineno)
            used = self._used.setdefault(part, [])
            for node in ast.walk(statement):
                if isinstance(node, ast.Import | ast.ImportFrom):
                    self._import(node)
                elif isinstance(node, ast.Name | ast.Attribute | ast.Constant):
                    used.append(node)
            if isinstance(statement, Definition):
                self._used[""] += [
                    ast.Name(part) for each in statement.decorator_list if _hands_on(each)
                ]

    def _import(self, node: ast.Import | ast.ImportFrom) -> None:
        for each in node.names:
            if isinstance(node, ast.Import):
                self.imported[each.asname or each.name.partition(".")[0]] = (each.name, "")
                continue
            whole = f"{node.module}.{each.name}"
            found = (whole, "") if whole in self._known else (str(node.module), each.name)
            self.imported[each.asname or each.name] = found

    def uses(self, part: str) -> Iterator[Node]:
        """Yield what one part names, of its own module and of others."""
        if part not in self._used and part in self.imported:
            yield self.imported[part]
        for node in self._used.get(part, ()):
            if isinstance(node, ast.Name):
                yield self.imported.get(node.id, (self.name, node.id))
            elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
                module, name = self.imported.get(node.value.id, ("", ""))
                if not name:
                    yield module, node.attr
            elif isinstance(node, ast.Constant) and node.value in self._known:
                yield str(node.value), "main"  # started as a program

    def words(self) -> Iterator[str]:
        """Yield the texts that stand in it."""
        for used in self._used.values():
            for node in used:
                if isinstance(node, ast.Constant) and isinstance(node.value, str):
                    yield node.value


def _flat(body: Iterable[ast.AST]) -> Iterator[ast.stmt]:
    for statement in body:
        if isinstance(statement, ast.If | ast.Try | ast.ExceptHandler):
            yield from _flat(ast.iter_child_nodes(statement))
        elif isinstance(statement, ast.stmt):
            yield statement


def _defined(statement: ast.stmt) -> str:
    if isinstance(statement, Definition):
        return statement.name
    if isinstance(statement, ast.Assign | ast.AnnAssign):
        target = statement.target if isinstance(statement, ast.AnnAssign) else statement.targets[0]
        if isinstance(target, ast.Name):
            return target.id
    return ""


def _hands_on(decorator: ast.expr) -> bool:
    """Return whether a decorator hands what it is on to somebody: a route, a command, a hook."""
    call = decorator.func if isinstance(decorator, ast.Call) else decorator
    return ast.unparse(call) not in WRAPPERS


def load() -> dict[str, Module]:
    """Return the modules of the product by name."""
    paths = {
        ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
        for package in PACKAGES
        for path in sorted((ROOT / package).rglob("*.py"))
        if not any(each in str(path.relative_to(ROOT)) for each in LEFT_OUT)
    }
    return {name: Module(name, path, paths) for name, path in paths.items()}


def unreached(modules: dict[str, Module], kept: Container[str] = ()) -> dict[str, str]:
    """Return where what nothing reaches is defined, by name; what is `kept` is a start, too."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    todo: list[Node] = [(name, "") for name in modules]
    todo += [
        (each.partition(":")[0], each.partition(":")[2]) for each in project["scripts"].values()
    ]
    named = {f"{package}.{word}" for package in LOADED_BY_NAME for word in modules[package].words()}
    for name, module in modules.items():
        by_name = name in named
        todo += [(name, part) for part in module.imported if by_name]
        todo += [
            (name, part)
            for part in module.lines
            if part in kept or (by_name and not part.startswith("_"))
        ]
    seen: set[Node] = set()
    while todo:
        name, part = node = todo.pop()
        if node not in seen and name in modules:
            seen.add(node)
            todo += modules[name].uses(part)
    return {
        part: f"{module.path}:{line}"
        for name, module in modules.items()
        for part, line in module.lines.items()
        if (name, part) not in seen and not part.startswith("__")
    }


def unused() -> dict[str, str]:
    """Return where what vulture finds unused is defined, by name."""
    command = [
        *(sys.executable, "-m", "vulture", *PACKAGES, "--ignore-names", IGNORED),
        *("--exclude", ",".join(f"*{each}*" for each in LEFT_OUT)),
        *("--ignore-decorators", HANDED_ON),
    ]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S603
    found = re.findall(r"^(\S+:\d+): unused \S+ '([^']+)'", done.stdout, re.MULTILINE)
    if len(found) != len(done.stdout.splitlines()) or (not found and done.returncode):
        raise SystemExit(f"vulture: {done.stdout}{done.stderr}")
    return {name: where for where, name in found}


def main() -> None:
    """Print what is wrong and fail, or print nothing."""
    listed = tomllib.loads((Path(__file__).parent / "dead_code.toml").read_text(encoding="utf-8"))
    reviewed = [name for group in listed["reviewed"] for name in group["names"]]
    named, modules = unused(), load()
    needed = named | unreached(modules)
    left = named | unreached(modules, kept=reviewed)
    faults = [f"{left[name]}: nothing reaches {name}" for name in left if name not in reviewed]
    faults += [
        f".ci/dead_code.toml: {name} needs no entry" for name in reviewed if name not in needed
    ]
    faults += [f".ci/dead_code.toml: {name} twice" for name in reviewed if reviewed.count(name) > 1]
    sys.exit("\n".join(faults) or None)


if __name__ == "__main__":
    main()
