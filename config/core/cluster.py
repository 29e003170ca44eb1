"""One cluster: how the program reaches it, and what runs in it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, SecretStr

from config.ambassador.ambassador import AmbassadorConfig
from config.language.formats import (
    UNREADABLE_SECRET,
    Certificates,
    DnsName,
    Line,
    Network,
    Secret,
    Uid,
    url_complaint,
)
from config.language.model import Model
from config.language.problems import Problem, quoted, wrong
from config.language.yaml_text import YamlTextError, read_yaml
from config.linkerd.control_plane import LinkerdConfig
from config.platform.ingress import IngressConfig, VizIngress
from config.platform.meshed_workloads import JobConfig, MeshedConfig
from config.platform.monitoring import MonitoringConfig
from config.platform.recipes import Patch
from config.platform.sample import SampleConfig
from config.rules.cluster import cluster_rules
from config.trust.cert_manager import CertManagerConfig


def _api_server(value: str) -> str:
    complaint = url_complaint(value, ("https",))
    if complaint is not None:
        raise wrong(
            f"{quoted(value)} {complaint}",
            "write the API server's address with its scheme, "
            "for example https://east.example.com:6443",
        )
    return value.rstrip("/")


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


class ApiServer(Model):
    """A cluster's API server as the *other* clusters reach it."""

    address: Annotated[str, AfterValidator(_api_server)]
    """URL with scheme https."""
    certificate_authority: Certificates | None = None
    """PEM of the CA that signs its certificate; the kubeconfig's by default."""


class ClusterConfig(Model):
    """One cluster."""

    context: Line | None = None
    """Name of a context in your kubeconfig (``KUBECONFIG`` is read)."""
    kubeconfig: Annotated[Secret, AfterValidator(_kubeconfig)] | None = None
    """A whole kubeconfig as a secret, in place of a context."""
    uid: Uid | None = None
    """UID of the namespace kube-system; with it, the program refuses any other cluster."""
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
    ambassador: AmbassadorConfig | None = None
    """Ambassador in this cluster; none when left out."""
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

    @property
    def trust_domain(self) -> str:
        """Last part of the identities in this cluster."""
        return self.linkerd.trust_domain or self.domain

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
