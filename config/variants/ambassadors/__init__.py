"""The Ambassadors that a stack file can name: one module each, found by being here.

A new flavour is a new module in this folder with a `FLAVOUR`.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterable, Mapping

from config.variants.flavour import (
    ApiVersion,
    CrdsChart,
    CrdsManifest,
    CrdsWithin,
    Flavour,
    ReleaseLine,
)

__all__ = [
    "FLAVOURS",
    "ApiVersion",
    "CrdsChart",
    "CrdsManifest",
    "CrdsWithin",
    "Flavour",
    "ReleaseLine",
    "discover",
]


def discover(path: Iterable[str], package: str) -> Mapping[str, Flavour]:
    """Flavours by name: the `FLAVOUR` of every module under `path` that has one."""
    modules = (
        importlib.import_module(f"{package}.{found.name}") for found in pkgutil.iter_modules(path)
    )
    flavours = [module.FLAVOUR for module in modules if hasattr(module, "FLAVOUR")]
    return {flavour.name: flavour for flavour in sorted(flavours, key=lambda item: item.name)}


FLAVOURS = discover(__path__, __name__)
"""Every flavour by its name."""
