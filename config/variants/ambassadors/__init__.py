"""The Ambassadors that a stack file can name: one module each, found by being here.

A new flavour is a new module in this folder with a `FLAVOUR`.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Mapping

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
]


def _found() -> Mapping[str, Flavour]:
    modules = (
        importlib.import_module(f"{__name__}.{found.name}")
        for found in pkgutil.iter_modules(__path__)
    )
    flavours = [module.FLAVOUR for module in modules if hasattr(module, "FLAVOUR")]
    return {flavour.name: flavour for flavour in sorted(flavours, key=lambda item: item.name)}


FLAVOURS = _found()
"""Every flavour by its name."""
