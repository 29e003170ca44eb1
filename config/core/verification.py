"""The pods of `./mesh verify`: their image, and logins for its registry."""

from __future__ import annotations

from config.language.formats import Image
from config.language.model import Model, PullSecret


class VerifyConfig(Model):
    """The pods of `./mesh verify`, which are not part of the stack."""

    image: Image = "docker.io/library/python:3.13.5-alpine3.22"
    """Image of its pods; it needs ``python3``, 3.9 or later, and nothing else."""
    image_pull_secrets: tuple[PullSecret, ...] = ()
    """Logins for that registry. A Secret without content has to exist in every namespace of these
    pods, so it can be used only with `--from`."""
