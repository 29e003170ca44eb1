"""Facts about one Ambassador: charts, CRDs, API versions, limits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from config.core.charts import Origin
from config.language.formats import numbers
from vocabulary.kinds import CRD, DEPLOYMENT, NAMESPACE, RBAC, SERVICE, Kind

ApiVersion = Literal["v3alpha1", "v2", "v1"]
"""Versions of getambassador.io, the newest first."""

CRDS_KINDS = frozenset({*RBAC, CRD, DEPLOYMENT, SERVICE})
"""Kinds of CRDs and their conversion webhook."""


@dataclass(frozen=True)
class CrdsChart:
    """CRDs in a separate chart, of the same version as Ambassador's chart."""

    name: str
    """Name of the chart."""
    values: Mapping[ApiVersion, Mapping[str, Any]]
    """Values that make it serve an API version."""
    kinds: frozenset[Kind] = CRDS_KINDS
    """Kinds of the objects that it makes."""


@dataclass(frozen=True)
class CrdsManifest:
    """CRDs in a manifest, which is applied before the chart."""

    name: str
    """File name without version and ``.yaml``, in a folder of packaged charts."""
    url: str
    """Where it is published; ``{version}`` is replaced by the application's version."""
    namespace: str
    """Namespace that it makes, for the conversion webhook."""
    kinds: frozenset[Kind] = CRDS_KINDS | {NAMESPACE}
    """Kinds of its objects."""


@dataclass(frozen=True)
class CrdsWithin:
    """CRDs in Ambassador's own chart."""


@dataclass(frozen=True)
class ReleaseLine:
    """Releases of one flavour that are installed alike."""

    major: int
    """First number of the chart's version."""
    oldest: str
    """The first version of the chart that is supported."""
    newest: str
    """The chart's version for a stack file without a version."""
    application: str
    """Version of the application in that chart."""
    chart: str
    """Name of the chart."""
    repository: Origin
    """Where it is published."""
    crds: CrdsChart | CrdsManifest | CrdsWithin
    """How its CRDs are published."""
    api_versions: tuple[ApiVersion, ...]
    """API versions that it can serve; the first one is the default."""
    kinds: frozenset[Kind]
    """Kinds of the objects that its chart makes."""
    fields: str
    """Release line in `config.variants.crds` whose objects have the same fields."""
    converted: frozenset[ApiVersion] = frozenset()
    """API versions that are only served where the conversion webhook ``emissary-apiext`` runs."""
    named_after: tuple[str, ...] = ("ambassador",)
    """Parts of a release's name with which its pods are labelled ``app.kubernetes.io/name`` after
    the release, and not after the chart."""
    balancer_class: bool = True
    """Whether its chart gives the Service a ``loadBalancerClass``."""
    oldest_kubernetes: tuple[int, int] | None = None
    """The first Kubernetes (major, minor) that its charts accept; None without a limit."""
    newest_kubernetes: tuple[int, int] | None = None
    """The last Kubernetes (major, minor) that accepts its CRDs and RBAC; None without a limit."""
    otlp_since: str | None = None
    """First version of the chart whose application has the driver opentelemetry; None without."""


@dataclass(frozen=True)
class Flavour:
    """An Ambassador that `flavour` in a stack file can name."""

    name: str
    """How a stack file names it."""
    title: str
    """How a sentence names it."""
    lines: tuple[ReleaseLine, ...]
    """Its release lines, the newest first."""
    pod_name: str
    """Label ``app.kubernetes.io/name`` of the pods of an installation with its chart's defaults."""
    image_key: str = "repository"
    """Key of the image's repository among the values under ``image``."""
    emissary_values: tuple[str, ...] = ()
    """Keys under which the values of the chart emissary-ingress are nested."""
    values: Mapping[str, Any] = field(default_factory=dict)
    """Values of its own chart, whatever the stack file has."""
    listeners: bool = True
    """Whether it has Listeners."""
    licensed: bool = False
    """Whether it starts only with a licence, and has the settings of `edgeStack`."""
    acme: bool = False
    """Whether it fetches certificates by ACME itself."""

    def line(self, version: str | None, *, adopted: bool = False) -> ReleaseLine | None:
        """The release line of a chart version; the newest for None, None if unsupported.

        An `adopted` one may be older than what the program installs.
        """
        if version is None:
            return self.lines[0]
        given = numbers(version)
        return next(
            (
                line
                for line in self.lines
                if line.major == given[0] and (adopted or given >= numbers(line.oldest))
            ),
            None,
        )
