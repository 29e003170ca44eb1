"""The program run offline, and what it makes written as plain manifests.

`record` gives a Recording; `manifests` makes objects of it, releases by `HelmTemplate`; `write`
puts them into folders.
"""

from render.certificates import Workshop
from render.errors import RenderError
from render.folder import write
from render.helm import HelmTemplate, find_helm
from render.manifests import Manifest, manifests
from render.observed import Observed
from render.program import offline_reach, record, record_program
from render.registration import Recording, Registration

__all__ = [
    "HelmTemplate",
    "Manifest",
    "Observed",
    "Recording",
    "Registration",
    "RenderError",
    "Workshop",
    "find_helm",
    "manifests",
    "offline_reach",
    "record",
    "record_program",
    "write",
]
