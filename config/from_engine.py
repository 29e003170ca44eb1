"""From what the Pulumi engine hands to the program to validated models."""

from __future__ import annotations

from typing import Any

import pulumi
import pulumi.runtime

from config.core.mesh import MeshConfig
from config.load import PROJECT, load_settings, structured

KEYS = tuple(field.alias or name for name, field in MeshConfig.model_fields.items())


def load_engine_settings() -> MeshConfig:
    """The validated configuration of the running stack.

    Encrypted values arrive decrypted. Raises StackFileError with every problem.
    """
    settings: dict[str, Any] = {}
    # Config.get_object would warn of secrets; here each secret field has a model for secrets.
    for name in (*(f"{PROJECT}:{key}" for key in KEYS), *pulumi.runtime.get_config_env()):
        space, _, key = name.partition(":")
        text = pulumi.runtime.get_config(name)
        if space == PROJECT and text is not None:
            settings[key] = structured(text)
    return load_settings(settings, f"stack '{pulumi.get_stack()}'")
