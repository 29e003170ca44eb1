"""The generations of Linkerd: one module each, found by being here.

A new generation is a new module in this folder with a `GENERATION`.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Mapping

from config.variants.linkerd import LinkerdGeneration

__all__ = ["DEFAULT", "LINKERDS", "generation_of"]


def _found() -> Mapping[str, LinkerdGeneration]:
    modules = (
        importlib.import_module(f"{__name__}.{found.name}")
        for found in pkgutil.iter_modules(__path__)
    )
    found = [module.GENERATION for module in modules if hasattr(module, "GENERATION")]
    return {generation.name: generation for generation in found}


LINKERDS = _found()
"""Every generation by its name."""

DEFAULT = next(generation for generation in LINKERDS.values() if generation.default)
"""The generation of a stack file that names no version."""


def generation_of(version: str) -> LinkerdGeneration | None:
    """The generation of a chart version; None for an unsupported version."""
    return next((item for item in LINKERDS.values() if item.has(version)), None)
