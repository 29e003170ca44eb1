"""From what the Pulumi engine hands to the program to validated models."""

from __future__ import annotations

from typing import Any

import pulumi
import pulumi.runtime

from config.core.mesh import MeshConfig
from config.load import PROJECT, structured

KEYS = tuple(field.alias or name for name, field in MeshConfig.model_fields.items())


def engine_settings() -> dict[str, Any]:
    """The project's configuration of the running stack as plain data, for `load_settings`.

    Encrypted values arrive decrypted.
    """
    settings: dict[str, Any] = {}
    # Config.get_object would warn of secrets; here each secret field has a model for secrets.
    for name in (*(f"{PROJECT}:{key}" for key in KEYS), *pulumi.runtime.get_config_env()):
        space, _, key = name.partition(":")
        text = pulumi.runtime.get_config(name)
        if space == PROJECT and text is not None:
            settings[key] = structured(text)
    return settings
