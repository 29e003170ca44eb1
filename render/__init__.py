"""The program run without an engine, and its objects written as plain manifests.

`record` returns a Recording; `manifests` its objects, those of releases by `HelmTemplate`; `write`
puts them into folders.
"""

from render.certificates import TlsProvider
from render.cluster_answers import ClusterAnswers
from render.errors import RenderError
from render.folder import write
from render.helm import HelmTemplate, find_helm
from render.manifests import RenderedObject, manifests
from render.program import offline_reach, record, record_program
from render.registration import Recording, Registration

__all__ = [
    "ClusterAnswers",
    "HelmTemplate",
    "Recording",
    "Registration",
    "RenderError",
    "RenderedObject",
    "TlsProvider",
    "find_helm",
    "manifests",
    "offline_reach",
    "record",
    "record_program",
    "write",
]
