"""A stack's configuration with the kubeconfigs that its file holds encrypted.

Only Pulumi can decrypt them: it knows the stack's backend, and the passphrase or key. They stay
in memory.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

from cli import paths, stacks
from cli.errors import VerbError

if TYPE_CHECKING:
    from config import MeshConfig

_SECONDS = 60.0


def load(stack: str, *, pull_secrets: bool = False) -> MeshConfig:
    """The validated configuration of a stack, kubeconfigs decrypted.

    With `pull_secrets`, the logins for the registry of `./mesh verify`, too. Pulumi is asked only
    where something is encrypted. Raises VerbError.
    """
    config = stacks.load(stack)
    names = encrypted(config)
    locked = [f"the kubeconfig of {', '.join(names)}"] if names else []
    if pull_secrets and _locked_logins(config):
        locked.append("a login of verify.imagePullSecrets")
    if not locked:
        return config

    from config import PROJECT, StackFileError, load_settings

    path = stacks.find(stack)
    shown = _decrypt(path, locked)
    prefix = f"{PROJECT}:"
    settings = {
        key.removeprefix(prefix): entry.get("objectValue", entry.get("value"))
        for key, entry in shown.items()
        if key.startswith(prefix)
    }
    # A simple setting is shown as a text, and its default cannot be told from what was written.
    settings = {key: value for key, value in settings.items() if isinstance(value, (dict, list))}
    try:
        found = load_settings(settings, str(path))
    except StackFileError as error:
        raise stacks.BadStackFileError(path, error) from None
    return config.model_copy(update={"clusters": found.clusters, "verify": found.verify})


def _locked_logins(config: MeshConfig) -> bool:
    from config.language.model import UNREADABLE_SECRET

    return any(
        secret.docker_config_json is not None
        and secret.docker_config_json.get_secret_value() == UNREADABLE_SECRET
        for secret in config.verify.image_pull_secrets
    )


def encrypted(config: MeshConfig) -> list[str]:
    """Names of the clusters whose kubeconfig the stack file holds encrypted."""
    from config.language.model import UNREADABLE_SECRET

    return [
        name
        for name, cluster in config.clusters.items()
        if cluster.kubeconfig is not None
        and cluster.kubeconfig.get_secret_value() == UNREADABLE_SECRET
    ]


def _decrypt(path: Path, locked: list[str]) -> dict[str, dict[str, object]]:
    what = f"{' and '.join(locked)} is encrypted"
    program = shutil.which("pulumi")
    if program is None:
        raise VerbError(
            f"{what}, and only Pulumi can read it",
            "install Pulumi (https://www.pulumi.com/docs/install/) and log in where the stack is",
        )
    stack = path.name.removeprefix("Pulumi.").removesuffix(".yaml")
    command = [program, "config", "--stack", stack, "--config-file", str(path.resolve())]
    try:
        done = subprocess.run(
            [*command, "--show-secrets", "--json", "--non-interactive", "--color", "never"],
            cwd=paths.ROOT,
            env={**os.environ, "PULUMI_SKIP_UPDATE_CHECK": "true"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            check=False,
        )
        shown = json.loads(done.stdout) if done.returncode == 0 else None
    except (OSError, ValueError, subprocess.TimeoutExpired) as error:
        raise VerbError(f"{what}, and asking Pulumi failed ({type(error).__name__})") from None
    if not isinstance(shown, dict):
        said = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
        reason = said[0].removeprefix("error: ") if said else f"exit code {done.returncode}"
        raise VerbError(
            f"{what}, and Pulumi cannot read it: {reason}",
            "log in with `pulumi login` where the stack is, and have its passphrase or key at hand",
        )
    return shown
