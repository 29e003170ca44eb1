"""The ingress controllers that a stack file can name: found by being here.

A new one is a new module in this folder with `CONTROLLERS`.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Mapping

from config.variants.ingress_controller import IngressController

__all__ = ["CONTROLLERS"]


def _found() -> Mapping[str, IngressController]:
    modules = (
        importlib.import_module(f"{__name__}.{found.name}")
        for found in pkgutil.iter_modules(__path__)
    )
    every = [one for module in modules for one in getattr(module, "CONTROLLERS", ())]
    return {one.name: one for one in sorted(every, key=lambda item: item.name)}


CONTROLLERS = _found()
"""Every ingress controller by its name."""
