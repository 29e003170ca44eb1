"""From what the Pulumi engine hands to the program to validated models."""

from __future__ import annotations

import json
from typing import Any

import pulumi
import pulumi.runtime

from config.loader import PROJECT, load_settings
from config.mesh import MeshConfig
from config.problems import Problem, StackFileError

KEYS = tuple(field.alias or name for name, field in MeshConfig.model_fields.items())


def load_engine_settings() -> MeshConfig:
    """The validated configuration of the running stack.

    Encrypted values arrive decrypted. Raises StackFileError with every problem.
    """
    origin = f"stack '{pulumi.get_stack()}'"
    settings: dict[str, Any] = {}
    problems: list[Problem] = []
    # Config.get_object would warn of secrets; here each secret field is one of its own model.
    for key in KEYS:
        text = pulumi.runtime.get_config(f"{PROJECT}:{key}")
        if text is None:
            continue
        try:
            settings[key] = json.loads(text)
        except ValueError:
            problems.append(Problem(key, "a text stands where a structure is expected", _HOW))
    for name in pulumi.runtime.get_config_env():
        space, _, key = name.partition(":")
        if space == PROJECT and key.split(".")[0].split("[")[0] not in KEYS:
            settings[key] = None
    if problems:
        raise StackFileError(origin, problems)
    return load_settings(settings, origin)


_HOW = "write it as a mapping or list in the stack file, or `pulumi config set --path`"
