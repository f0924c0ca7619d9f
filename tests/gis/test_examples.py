"""The examples in the docstrings of `gis` hold."""

from __future__ import annotations

import doctest
import importlib
import pkgutil

import pytest

import gis

MODULES = [module.name for module in pkgutil.iter_modules(gis.__path__, "gis.")]


@pytest.mark.parametrize("name", [*MODULES, "gis.reference.build.names"])
def test_examples_in_docstrings_hold(name: str) -> None:
    result = doctest.testmod(importlib.import_module(name))
    assert result.failed == 0
