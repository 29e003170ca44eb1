"""What `./mesh verify` brings along: the image of its pods, and logins for its registry."""

from __future__ import annotations

from config.language.formats import Image
from config.language.model import Model, PullSecret


class VerifyConfig(Model):
    """The pods of `./mesh verify`. Nothing of it is deployed with the stack."""

    image: Image = "docker.io/library/python:3.13.5-alpine3.22"
    """Image of its pods; it needs ``python3``, 3.9 or later, and nothing else."""
    image_pull_secrets: tuple[PullSecret, ...] = ()
    """Logins for that registry; those without content are expected in every namespace that has a
    pod of it, which only `--from` can be."""
