"""A stack's configuration with the secrets that its file has encrypted.

Only Pulumi can decrypt them: it knows the stack's backend, and the passphrase or key. They stay
in memory.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from cli import stacks
from cli.errors import VerbError

if TYPE_CHECKING:
    from pydantic import SecretStr

    from config import MeshConfig

_SECONDS = 60.0


def load(stack: str, *, pull_secrets: bool = False) -> MeshConfig:
    """The validated configuration of a stack, kubeconfigs decrypted.

    With `pull_secrets`, also the registry logins of `./mesh verify`. Pulumi is run only where
    something is encrypted. Raises VerbError, StackFileError.
    """
    config = stacks.load(stack)
    names = [name for name, item in config.clusters.items() if _encrypted(item.kubeconfig)]
    locked = [f"the kubeconfig of {', '.join(names)}"] if names else []
    if pull_secrets and any(
        _encrypted(item.docker_config_json) for item in config.verify.image_pull_secrets
    ):
        locked.append("a login of verify.imagePullSecrets")
    if not locked:
        return config

    from config import PROJECT, load_settings

    path = stacks.find(stack)
    shown = _decrypt(path, f"{' and '.join(locked)} is encrypted")
    prefix = f"{PROJECT}:"
    settings = {
        key.removeprefix(prefix): entry.get("objectValue", entry.get("value"))
        for key, entry in shown.items()
        if key.startswith(prefix)
    }
    # Pulumi shows a simple setting as text, and a default like a value of the stack file.
    settings = {key: value for key, value in settings.items() if isinstance(value, (dict, list))}
    found = load_settings(settings, str(path))
    return config.model_copy(update={"clusters": found.clusters, "verify": found.verify})


def _encrypted(secret: SecretStr | None) -> bool:
    from config.language.model import UNREADABLE_SECRET

    return secret is not None and secret.get_secret_value() == UNREADABLE_SECRET


def _decrypt(path: Path, what: str) -> dict[str, dict[str, object]]:
    """What `pulumi config` shows of a stack file, by key. Raises VerbError."""
    if shutil.which("pulumi") is None:
        raise VerbError(
            f"{what}, and only Pulumi can read it",
            "install Pulumi (https://www.pulumi.com/docs/install/) and log in where the stack is",
        )
    from cli.engine.engine import Engine

    stack = stacks.name(str(path))
    command = ["config", "--stack", stack, "--config-file", str(path.resolve())]
    output: list[str] = []
    errors: list[str] = []
    try:
        code = Engine().execute(
            [*command, "--show-secrets", "--json"], output.append, errors.append, limit=_SECONDS
        )
        shown = json.loads("\n".join(output)) if code == 0 else None
    except (OSError, ValueError) as error:
        raise VerbError(f"{what}, and Pulumi failed ({type(error).__name__})") from None
    if not isinstance(shown, dict):
        reasons = [line for line in errors if line.startswith("error: ")]
        reason = reasons[0].removeprefix("error: ") if reasons else f"exit code {code}"
        raise VerbError(
            f"{what}, and Pulumi cannot read it: {reason}",
            "log in with `pulumi login` where the stack is, and provide its passphrase or key",
        )
    return shown
