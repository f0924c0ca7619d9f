"""Build hook: builds the web client and the documentation before a wheel or editable install."""

from __future__ import annotations

import importlib.util
import shutil
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class CustomBuildHook(BuildHookInterface):
    """Runs the two builders by their paths: the package itself is not installed yet."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002
        """Build both for a wheel; an sdist carries their sources only.

        What npm brought goes again, but where somebody works on the sources: it was there before,
        or the install is an editable one.
        """
        if self.target_name != "wheel":
            return
        sys.path.insert(0, self.root)  # the words are compiled by a module of the package
        modules = Path(self.root) / "maps" / "web" / "node_modules"
        stays = modules.exists() or version == "editable"
        webbuild = load(Path(self.root) / "maps" / "webbuild.py")
        self.app.display_waiting("Building the web client")
        built = webbuild.build()
        if not stays:
            shutil.rmtree(modules, ignore_errors=True)
        self.app.display_info("Web client built" if built else "Web client up to date")
        docsbuild = load(Path(self.root) / "maps" / "docsbuild.py")
        self.app.display_waiting("Building the documentation")
        built = docsbuild.build()
        self.app.display_info("Documentation built" if built else "Documentation up to date")


def load(path: Path) -> ModuleType:
    """Return the module in the file `path`."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None:
        raise ImportError(f"cannot read {path}")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module
