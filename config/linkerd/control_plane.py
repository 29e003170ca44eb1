"""Linkerd in one cluster. Facts: values of the charts, Linkerd docs on HA, CNI, multicluster."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator

from config.language.formats import (
    ChartVersion,
    DnsLabel,
    DnsName,
    Flag,
    HelmValues,
    Image,
    Line,
    chart_version,
    url,
)
from config.language.model import Model, PullSecret, Resources, doubled
from config.language.problems import Problem, quoted, wrong
from config.linkerd.egress import Egress
from config.linkerd.tracing import TracingConfig
from config.platform.ingress import VizIngress, VizRoute
from config.variants.advisories import Advice, advice
from config.variants.edge_releases import (
    EGRESS,
    JAEGER_PROTOCOL,
    NATIVE_SIDECARS,
    TRACING,
    Row,
    dated,
)
from config.variants.linkerd import LinkerdGeneration, Need
from config.variants.linkerd_numbers import refusal
from config.variants.linkerds import DEFAULT, LINKERDS, generation_of
from vocabulary.linkerd import CREDENTIALS_PREFIX, ISSUER_SECRET

OWN_SECRETS = (
    ISSUER_SECRET,
    "linkerd-proxy-injector-k8s-tls",
    "linkerd-sp-validator-k8s-tls",
    "linkerd-policy-validator-k8s-tls",
    "tap-k8s-tls",
    "tap-injector-k8s-tls",
    "jaeger-injector-k8s-tls",
)
"""Names of Linkerd's own Secrets in its namespaces."""


_WEB = url(
    ("http", "https"),
    "write it with its scheme, for example http://prometheus.monitoring.svc:9090",
)


class Proxy(Model):
    """The sidecar proxies."""

    resources: Resources = Resources()
    """Requests and limits; those of Linkerd's HA profile where left out and HA is on."""
    default_inbound_policy: Literal[
        "all-unauthenticated",
        "all-authenticated",
        "cluster-unauthenticated",
        "cluster-authenticated",
        "deny",
        "audit",
    ] = "all-unauthenticated"
    """Which clients may connect to ports of meshed pods that no Server selects (Linkerd docs,
    authorization policy)."""


class Grafana(Model):
    """The Grafana that the dashboard of viz links to."""

    url: Line | None = None
    """``host:port`` of a Grafana in the cluster, which browsers reach through the dashboard."""
    external_url: Line | None = None
    """URL of a Grafana outside the cluster."""
    uid_prefix: Line | None = None
    """Prefix of the UIDs of its dashboards; only with `externalUrl`."""

    def inconsistencies(self) -> Iterator[Problem]:
        """Two Grafanas, or no Grafana."""
        if (self.url is None) == (self.external_url is None):
            yield Problem(
                "",
                "no Grafana is given" if self.url is None else "two Grafanas are given",
                "write url or externalUrl" if self.url is None else "leave url or externalUrl out",
                about=("url", "externalUrl"),
            )
        if self.uid_prefix is not None and self.external_url is None:
            yield Problem(
                "uidPrefix",
                "uidPrefix needs externalUrl",
                "write externalUrl, or leave it out",
                about=("externalUrl",),
            )


class Viz(Model):
    """The viz extension: metrics, tap and dashboard."""

    enabled: Flag = False
    """Whether it is installed."""
    prometheus_url: Annotated[str, _WEB] | None = None
    """URL of an existing Prometheus, which replaces the extension's own."""
    grafana: Grafana | None = None
    """The Grafana that its dashboard links to; none by default."""
    enforced_host_regexp: Line | None = None
    """Host names that the dashboard accepts, as a regular expression; by default those within the
    cluster, and those of `ingress` and `route`."""
    ingress: VizIngress | None = None
    """Reach the dashboard through an ingress controller."""
    route: VizRoute | None = None
    """Reach the dashboard through the cluster's Ambassador."""
    values: HelmValues = {}
    """Extra values for the chart linkerd-viz; they override the program's defaults."""


class Multicluster(Model):
    """The multicluster extension: the Link CRD and the service mirrors."""

    create_namespaces: Flag = False
    """Whether the service mirror creates missing namespaces of mirrored Services; that of Linkerd
    2.8 always does."""
    values: HelmValues = {}
    """Extra values for the chart linkerd-multicluster (or linkerd2-multicluster); they override the
    program's defaults."""


def _number(value: Any) -> Any:
    found = refusal(value, DEFAULT.newest, OLD.newest) if isinstance(value, str) else None
    if found is not None:
        raise wrong(*found)
    return value


def _existing(value: str) -> str:
    if generation_of(value) is None:
        raise wrong(
            f"Linkerd has no charts of version {quoted(value)}", f'write "{DEFAULT.newest}"'
        )
    return value


OLD = LINKERDS["2.8"]
LinkerdVersion = Annotated[
    ChartVersion,
    chart_version(DEFAULT.newest),
    AfterValidator(_existing),
    BeforeValidator(_number),
]
"""The version of Linkerd's charts; other numbers of its releases are named in the error."""


def _dated(version: str) -> tuple[int, ...]:
    """Year, month and number of an edge release's charts; zeros for all others."""
    generation = generation_of(version)
    return dated(version) if generation is not None and generation.dated else (0, 0, 0)


class LinkerdConfig(Model):
    """Linkerd's control plane and extensions in one cluster."""

    version: LinkerdVersion = DEFAULT.newest
    """Version of the charts; 2026.8.3 is edge-26.8.3. 2.8.1 installs Linkerd 2.8: the chart
    linkerd2, and annotations that describe gateways in place of Links. What works with which
    version is in docs/versions.md."""
    namespace: DnsLabel = "linkerd"
    """Namespace of the control plane."""
    trust_domain: DnsName | None = None
    """Last part of identities; the cluster's domain by default."""
    high_availability: Flag = False
    """Three replicas, anti-affinity, disruption budgets, webhooks that fail closed."""
    cni: Flag = False
    """Redirect traffic by the CNI plugin in place of a privileged init container."""
    gateway_api_crds: Flag = True
    """Install the Gateway API CRDs; false where another tool owns them."""
    proxy: Proxy = Proxy()
    """Settings of the sidecar proxies."""
    image_registry: Image | None = None
    """Where images come from, without a slash at the end; ``cr.l5d.io/linkerd`` by default, and
    ``gcr.io/linkerd-io`` for Linkerd 2.8."""
    image_pull_secrets: tuple[PullSecret, ...] = ()
    """Logins for that registry."""
    heartbeat: Flag = False
    """Whether Linkerd's daily heartbeat (version and usage) is sent to Linkerd's maintainers."""
    multicluster: Multicluster = Multicluster()
    """The multicluster extension."""
    viz: Viz = Viz()
    """The viz extension."""
    tracing: TracingConfig | None = None
    """Where traces are sent; nowhere when left out."""
    egress: Egress | None = None
    """What meshed pods may reach outside of the cluster; everything when left out."""
    values: HelmValues = {}
    """Extra values for the chart linkerd-control-plane (or linkerd2); they override the program's
    defaults."""
    crds_values: HelmValues = {}
    """Extra values for the chart linkerd-crds; they override the program's defaults."""
    cni_values: HelmValues = {}
    """Extra values for the chart linkerd2-cni; they override the program's defaults."""

    @property
    def app_version(self) -> str:
        """The release of a chart version: 2026.8.3 is edge-26.8.3."""
        year, rest = self.version.removeprefix("v").split(".", 1)
        return f"edge-{int(year) % 100}.{rest}" if len(year) == 4 else f"stable-{self.version}"

    @property
    def generation(self) -> LinkerdGeneration:
        """Its generation; the default generation for a version that is refused."""
        return generation_of(self.version) or DEFAULT

    def needs(self, *, linked: bool) -> frozenset[Need]:
        """What requires parts of Linkerd; `linked`: whether the cluster is an end of any link."""
        asked: dict[Need, bool] = {
            "always": True,
            "cni": self.cni,
            "viz": self.viz.enabled,
            "jaeger": self.traces_by_extension,
            "linked": linked,
            "heartbeat": self.heartbeat,
        }
        return frozenset(need for need, given in asked.items() if given)

    @property
    def dated(self) -> tuple[int, ...]:
        """Year, month and number of an edge release; zeros for Linkerd 2.8."""
        return _dated(self.version)

    def lacks(self, row: Row) -> bool:
        """Whether it is an edge release before that of a row of their table."""
        return self.generation.dated and self.dated < row.since

    @property
    def advice(self) -> Advice | None:
        """Why Linkerd's makers advise against this version; None if they do not."""
        return advice(self.version)

    @property
    def oldest_kubernetes(self) -> tuple[int, int]:
        """The first Kubernetes (major, minor) that its charts accept."""
        return self.generation.oldest_kubernetes(self.dated)

    @property
    def traces_by_extension(self) -> bool:
        """Whether traces need the extension linkerd-jaeger."""
        able = self.generation.chart_for("jaeger") is not None
        return able and self.tracing is not None and self.lacks(TRACING)

    @property
    def jaeger_version(self) -> str:
        """Version of the extension linkerd-jaeger, where it is needed."""
        return (self.tracing.jaeger_version if self.tracing else None) or self.version

    @property
    def jaeger_dated(self) -> tuple[int, ...]:
        """Year, month and number of that version; zeros for one that is refused."""
        return _dated(self.jaeger_version)

    @property
    def jaeger_has_protocol(self) -> bool:
        """Whether that extension has a setting for the protocol."""
        return self.jaeger_dated >= JAEGER_PROTOCOL.since

    @property
    def native_sidecars(self) -> bool:
        """Whether proxies are native sidecars."""
        given = self.values.get("proxy")
        said = given.get("nativeSidecar") if isinstance(given, dict) else None
        return bool(said) if said is not None else self.dated >= NATIVE_SIDECARS.since

    @property
    def drains(self) -> bool:
        """Whether the hook `sleep` of a container keeps its proxy, too, while the pod ends.

        Facts: Kubernetes docs, "Container Lifecycle Hooks": sleep is on by default since 1.30.
        """
        return self.native_sidecars and self.oldest_kubernetes >= (1, 30)

    @property
    def registry(self) -> str:
        """Where images come from."""
        return self.image_registry or self.generation.registry

    def inconsistencies(self) -> Iterator[Problem]:
        """Settings that Linkerd 2.8 lacks, conflicting pull secrets."""
        yield from self._lacking()
        if self.egress is not None and self.lacks(EGRESS):
            yield Problem(
                "egress",
                f"Linkerd {self.version} does not have {EGRESS.what}, as since {EGRESS.version}",
                f'leave egress out, or write version: "{DEFAULT.newest}"',
                about=("version",),
            )
        names = [
            (f"imagePullSecrets[{i}].name", s.name) for i, s in enumerate(self.image_pull_secrets)
        ]
        yield from doubled("pull secret", names)
        for path, name in names:
            if name in OWN_SECRETS or name.startswith(CREDENTIALS_PREFIX):
                yield Problem(
                    path,
                    f"'{name}' is the name of one of Linkerd's own Secrets",
                    "write another name",
                )

    def _lacking(self) -> Iterator[Problem]:
        """Settings that its generation lacks."""
        wanted = {
            "viz.enabled": self.viz.enabled,
            "proxy.defaultInboundPolicy": self.proxy.default_inbound_policy
            != "all-unauthenticated",
            "imagePullSecrets": bool(self.image_pull_secrets),
            "crdsValues": bool(self.crds_values),
            "egress": self.egress is not None,
            "gatewayApiCrds": self.gateway_api_crds and "gateway_api_crds" in self.model_fields_set,
        }
        for key, reason in self.generation.lacks.items():
            if wanted[key]:
                yield Problem(
                    key,
                    f"{self.generation.title} has no such setting: {reason}",
                    f'leave {key} out, or write version: "{DEFAULT.newest}"',
                    about=("version",),
                )
