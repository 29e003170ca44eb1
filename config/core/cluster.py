"""One cluster: how the program reaches it, and what runs in it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field, PrivateAttr, SecretStr
from pydantic.json_schema import SkipJsonSchema

from config.ambassador.ambassador import AmbassadorConfig
from config.core.api_server import ApiServer
from config.core.upgrade import UpgradeConfig
from config.language.formats import (
    UNREADABLE_SECRET,
    DnsName,
    Line,
    Network,
    Secret,
    Uid,
)
from config.language.model import Model
from config.language.problems import Problem, wrong
from config.language.yaml_text import YamlTextError, read_yaml
from config.linkerd.control_plane import LinkerdConfig
from config.platform.ingress import IngressConfig, VizIngress
from config.platform.meshed_workloads import JobConfig, MeshedConfig
from config.platform.monitoring import MonitoringConfig
from config.platform.policy import OpenPort
from config.platform.recipes import Patch
from config.platform.sample import SampleConfig
from config.rules.cluster import cluster_rules
from config.rules.several import several_rules
from config.trust.cert_manager import CertManagerConfig


def _kubeconfig(value: SecretStr) -> SecretStr:
    text = value.get_secret_value()
    if text == UNREADABLE_SECRET:
        return value
    try:
        content = read_yaml(text)
    except YamlTextError:
        content = None
    if not isinstance(content, dict) or not all(
        isinstance(content.get(key), list) and content[key] for key in ("clusters", "contexts")
    ):
        raise wrong(
            "this is not a kubeconfig",
            "set it to what `kubectl config view --raw --minify --flatten` prints, "
            "with `pulumi config set --secret --path`",
        )
    return value


def _or_a_list(schema: dict[str, Any]) -> None:
    """Let an editor accept a list as well, which `config.several` splits."""
    schema["anyOf"].append({"type": "array", "minItems": 1, "items": schema["anyOf"][0]})


class ClusterConfig(Model):
    """One cluster."""

    context: Line | None = None
    """Name of a context in your kubeconfig (``KUBECONFIG`` is read)."""
    kubeconfig: Annotated[Secret, AfterValidator(_kubeconfig)] | None = None
    """A whole kubeconfig as a secret, in place of a context."""
    uid: Uid | None = None
    """UID of the namespace kube-system; with it, the program refuses any other cluster."""
    unreachable: Literal["fail", "skip"] = "fail"
    """What an update does while the cluster does not answer: ``fail``, or ``skip`` the cluster and
    its links, which stay as the last update left them (docs/failures.md)."""
    role: Literal["source", "target", "both"] = "both"
    """Which end of links the cluster may be."""
    domain: DnsName = "cluster.local"
    """The cluster's DNS domain."""
    networks: Annotated[tuple[Network, ...], Field(min_length=1)] = (
        "10.0.0.0/8",
        "100.64.0.0/10",
        "172.16.0.0/12",
        "192.168.0.0/16",
        "fd00::/8",
    )
    """Networks of nodes, pods and Services (Linkerd's ``clusterNetworks``)."""
    api_server: ApiServer | None = None
    """How source clusters reach this cluster's API server; as in the kubeconfig by default."""
    linkerd: LinkerdConfig = LinkerdConfig()
    """Linkerd in this cluster."""
    ambassador: Annotated[AmbassadorConfig | None, Field(json_schema_extra=_or_a_list)] = None
    """Ambassador in this cluster; none when left out. Several are a list; each then needs a `name`,
    which is also the default of its `namespace` and its `ambassadorId`. Several may be gateways,
    for different links. The first gateway, or else the first, serves the routes that other parts
    of the stack file name."""
    other_ambassadors: SkipJsonSchema[tuple[AmbassadorConfig, ...]] = ()
    """The further Ambassadors of a list; a stack file has no such key."""
    sample: SampleConfig | None = None
    """A sample Service (``{}`` is enough); none when left out."""
    cert_manager: CertManagerConfig | None = None
    """cert-manager (``{}`` is enough for an existing one); none when left out."""
    monitoring: MonitoringConfig = MonitoringConfig()
    """Metrics and dashboards of Linkerd for an existing Prometheus and Grafana."""
    meshed: tuple[MeshedConfig, ...] = ()
    """Workloads and namespaces of other owners to mesh."""
    jobs: tuple[JobConfig, ...] = ()
    """CronJobs in meshed namespaces whose pods would not end."""
    ingresses: tuple[IngressConfig, ...] = ()
    """Ingresses to meshed Services through ingress controllers other than Ambassador."""
    upgrade: UpgradeConfig = UpgradeConfig()
    """How the cluster is upgraded."""

    _listed: bool = PrivateAttr(default=False)

    @property
    def each_ambassador(self) -> tuple[Self, ...]:
        """The cluster once for each of its Ambassadors, as its only one; the main one first.

        Only the main one serves what other parts of the stack file ask for, and makes CRDs.
        """
        main = self.ambassador
        if main is None or not self.other_ambassadors:
            return () if main is None else (self,)
        views = [self.model_copy(update={"other_ambassadors": ()})]
        viz = self.linkerd.viz.model_copy(update={"route": None})
        bare = {
            "other_ambassadors": (),
            "sample": None,
            "linkerd": self.linkerd.model_copy(update={"viz": viz}),
        }
        for other in self.other_ambassadors:
            views.append(self.model_copy(update={**bare, "ambassador": other.beside(main)}))
        for view in views:
            view._listed = True
        return tuple(views)

    @property
    def every_ambassador(self) -> tuple[AmbassadorConfig, ...]:
        """Its Ambassadors as they are in `each_ambassador`."""
        return tuple(view.ambassador for view in self.each_ambassador if view.ambassador)

    @property
    def ambassador_key(self) -> str:
        """How a sentence names the key of its Ambassador."""
        if self.ambassador is None or not (self._listed or self.other_ambassadors):
            return "ambassador"
        return f"ambassador[{self.ambassador.name}]"

    @property
    def trust_domain(self) -> str:
        """Last part of the identities in this cluster."""
        return self.linkerd.trust_domain or self.domain

    def advice(self, name: str) -> str | None:
        """A warning about its Linkerd, for the cluster of this name; None without one."""
        found = self.linkerd.advice
        if found is None:
            return None
        return (
            f"Linkerd's makers advise against {self.linkerd.app_version} in cluster '{name}': "
            f"{found.reason} ({found.source}); write clusters.{name}.linkerd.version: "
            f'"{found.instead}" or a later one'
        )

    @property
    def issuer_name(self) -> str:
        """Common name and SAN of its identity issuer, as the identity controller requires it."""
        return f"identity.{self.linkerd.namespace}.{self.trust_domain}"

    @property
    def every_ingress(self) -> tuple[IngressConfig | VizIngress, ...]:
        """Ingresses to meshed Services, and that of the dashboard."""
        viz = self.linkerd.viz.ingress
        return (*self.ingresses, *((viz,) if viz is not None else ()))

    @property
    def patches(self) -> tuple[tuple[str, Patch], ...]:
        """Patches of other owners' workloads, each with its key path below the cluster."""
        meshed = [
            (f"meshed[{place}]", patch)
            for place, entry in enumerate(self.meshed)
            for patch in entry.patches
        ]
        jobs = [(f"jobs[{place}]", job.patch) for place, job in enumerate(self.jobs)]
        return (*meshed, *jobs)

    @property
    def open_ports(self) -> tuple[tuple[MeshedConfig, OpenPort], ...]:
        """Ports of meshed workloads that clients without a proxy call, each with its entry."""
        if not self.linkerd.generation.policy:
            return ()
        return tuple(
            (entry, port) for entry in self.meshed for port in entry.open_ports(self.networks)
        )

    @property
    def may_be_source(self) -> bool:
        """Whether links may begin here."""
        return self.role in ("source", "both")

    @property
    def may_be_target(self) -> bool:
        """Whether links may end here."""
        return self.role in ("target", "both")

    def inconsistencies(self) -> Iterator[Problem]:
        """Contradictions within this cluster."""
        if (self.context is None) == (self.kubeconfig is None):
            absent = self.context is None
            yield Problem(
                "",
                "neither context nor kubeconfig is given"
                if absent
                else "both context and kubeconfig are given",
                "write the name of a kubeconfig context under context, "
                "or set kubeconfig with `pulumi config set --secret --path`"
                if absent
                else "leave context or kubeconfig out",
                about=("context", "kubeconfig"),
            )
        yield from cluster_rules(self)
        yield from several_rules(self)
