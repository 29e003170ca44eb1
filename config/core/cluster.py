"""One cluster: how it is reached, what it is called, what runs in it."""

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
from config.language.model import Model, contradictions
from config.language.problems import Problem, quoted, wrong
from config.language.yaml_text import YamlTextError, read_yaml
from config.linkerd.control_plane import LinkerdConfig
from config.platform.ingress import IngressBase, IngressConfig
from config.platform.meshed_workloads import JobConfig, MeshedConfig
from config.platform.monitoring import MonitoringConfig
from config.platform.sample import SAMPLE_MAPPING, SampleConfig
from config.trust.cert_manager import CertManagerConfig
from config.trust.key_forms import POLICY_VALIDATOR
from config.variants.ambassadors import CrdsChart, CrdsManifest
from config.variants.generation import Generation

SYSTEM_NAMESPACES = ("default", "kube-system", "kube-public", "kube-node-lease")
"""Namespaces that every cluster has from its beginning, so that nobody can make them."""

LONGEST_COMMON_NAME = 64
"""Characters of a certificate's common name (RFC 5280, ub-common-name)."""

LONGEST_WEBHOOK = POLICY_VALIDATOR
"""The longest name among the control plane's webhooks."""


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
    """Name of the context in the operator's kubeconfig (``KUBECONFIG`` is honoured)."""
    kubeconfig: Annotated[Secret, AfterValidator(_kubeconfig)] | None = None
    """A whole kubeconfig held as a secret, in place of a context."""
    uid: Uid | None = None
    """UID of the namespace kube-system; pinned, no other cluster is ever touched by mistake."""
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
    """How source clusters reach this cluster's API server; as the kubeconfig says by default."""
    linkerd: LinkerdConfig = LinkerdConfig()
    """Linkerd in this cluster."""
    ambassador: AmbassadorConfig | None = None
    """Ambassador in this cluster; none when left out."""
    sample: SampleConfig | None = None
    """A sample Service (``{}`` is enough); none when left out."""
    cert_manager: CertManagerConfig | None = None
    """cert-manager (``{}`` is enough where it is there already); none when left out."""
    monitoring: MonitoringConfig = MonitoringConfig()
    """What an existing Prometheus and Grafana learn of Linkerd."""
    meshed: tuple[MeshedConfig, ...] = ()
    """What somebody else installed and is to be meshed."""
    jobs: tuple[JobConfig, ...] = ()
    """CronJobs of meshed namespaces that need to be treated."""
    ingresses: tuple[IngressConfig, ...] = ()
    """Ingresses to meshed Services through ingress controllers other than Ambassador."""

    @property
    def trust_domain(self) -> str:
        """Last part of the identities in this cluster."""
        return self.linkerd.trust_domain or self.domain

    @property
    def every_ingress(self) -> tuple[IngressBase, ...]:
        """Ingresses to meshed Services, and that of the dashboard."""
        viz = self.linkerd.viz.ingress
        return (*self.ingresses, *((viz,) if viz is not None else ()))

    @property
    def made_namespaces(self) -> frozenset[str]:
        """Namespaces that this program makes, but for that of the multicluster extension."""
        found = {self.linkerd.namespace}
        if self.linkerd.viz.enabled:
            found.add("linkerd-viz")
        if self.sample is not None:
            found.add(self.sample.namespace)
        if self.ambassador is not None and self.ambassador.installed:
            found.add(self.ambassador.namespace)
        if self.cert_manager is not None and self.cert_manager.install:
            found.add(self.cert_manager.namespace)
        return frozenset(found)

    @property
    def may_be_source(self) -> bool:
        """Whether links may begin here."""
        return self.role in ("source", "both")

    @property
    def may_be_target(self) -> bool:
        """Whether links may end here."""
        return self.role in ("target", "both")

    def inconsistencies(self) -> Iterator[Problem]:
        """What does not fit together within this cluster."""
        if (self.context is None) == (self.kubeconfig is None):
            state = "neither" if self.context is None else "both"
            yield Problem(
                "",
                f"{state} of context and kubeconfig given",
                "write the name of a kubeconfig context under context, "
                "or set kubeconfig with `pulumi config set --secret --path`",
                about=("context", "kubeconfig"),
            )
        yield from self._namespaces()
        yield from self._certificate_names()
        yield from self._service_domains()
        yield from self._generation()
        yield from self._sample_route()
        yield from self._overruled()

    def _namespaces(self) -> Iterator[Problem]:
        spaces: list[tuple[str, str]] = [
            ("linkerd.namespace", self.linkerd.namespace),
            ("", "linkerd-multicluster"),
            ("linkerd.cni", "linkerd-cni" if self.linkerd.cni else ""),
            ("linkerd.viz.enabled", "linkerd-viz" if self.linkerd.viz.enabled else ""),
            ("linkerd.tracing", "linkerd-jaeger" if self.linkerd.traces_by_extension else ""),
        ]
        if self.ambassador is not None:
            spaces += self._spaces_of(self.ambassador)
        if self.sample is not None:
            spaces.append(("sample.namespace", self.sample.namespace))
        if self.cert_manager is not None and self.cert_manager.install:
            spaces.append(("certManager.namespace", self.cert_manager.namespace))
        taken: dict[str, str] = {}
        adopted = self.ambassador is not None and not self.ambassador.installed
        for path, space in spaces:
            if space in SYSTEM_NAMESPACES and not (adopted and path == "ambassador.namespace"):
                yield Problem(
                    path,
                    f"the namespace '{space}' is the cluster's own, and ours are made anew",
                    "write a namespace that is not there yet",
                )
            elif space and space in taken:
                owner = taken[space]
                # A fixed namespace has no key of its own that could be changed.
                here, there = (path, owner) if path.endswith("amespace") else (owner, path)
                yield Problem(
                    here,
                    f"the namespace '{space}' is {_user_of_namespace(there)} too",
                    "write a namespace of its own",
                    about=(there,) if there else (),
                )
            taken.setdefault(space, path)

    @staticmethod
    def _spaces_of(ambassador: AmbassadorConfig) -> list[tuple[str, str]]:
        """Namespaces that are an Ambassador's; that of an adopted one is there already."""
        spaces = [("ambassador.namespace", ambassador.namespace)]
        crds = ambassador.line.crds
        if ambassador.installed and ambassador.install_crds:
            if isinstance(crds, CrdsChart):
                spaces.append(("ambassador.crdsNamespace", ambassador.crds_namespace))
            elif isinstance(crds, CrdsManifest):
                spaces.append(("ambassador.flavour", crds.namespace))
        return spaces

    def _certificate_names(self) -> Iterator[Problem]:
        space = self.linkerd.namespace
        domain_key = "linkerd.trustDomain" if self.linkerd.trust_domain else "domain"
        issuer = f"identity.{space}.{self.trust_domain}"
        webhook = f"{LONGEST_WEBHOOK}.{space}.svc"
        if len(issuer) > LONGEST_COMMON_NAME:
            shorter = "a shorter trust domain under linkerd.trustDomain"
            yield Problem(
                domain_key,
                f"the issuer's certificate would be named {issuer}, which has {len(issuer)} "
                f"characters of at most {LONGEST_COMMON_NAME}",
                f"write {shorter}" + ("" if space == "linkerd" else " or linkerd.namespace"),
                about=("domain", "linkerd.trustDomain", "linkerd.namespace"),
            )
        if len(webhook) > LONGEST_COMMON_NAME:
            excess = len(webhook) - LONGEST_COMMON_NAME
            yield Problem(
                "linkerd.namespace",
                f"a webhook's certificate would be named {webhook}, which has {len(webhook)} "
                f"characters of at most {LONGEST_COMMON_NAME}",
                f"write a namespace of at most {len(space) - excess} characters",
            )

    def _service_domains(self) -> Iterator[Problem]:
        """Routes to Services that no cluster with this domain knows."""
        if self.ambassador is None:
            return
        for place, mapping in enumerate(self.ambassador.mappings):
            front, found, domain = mapping.service_host.partition(".svc.")
            if found and domain != self.domain:
                yield Problem(
                    f"ambassador.mappings[{place}].service",
                    f"it ends in '{domain}', and this cluster's domain is '{self.domain}'",
                    f"write {front}.svc.{self.domain}, or correct domain",
                    about=("domain",),
                )

    def _generation(self) -> Iterator[Problem]:
        """What Ambassador must not be where Linkerd is of the generation 2.8."""
        ambassador = self.ambassador
        if ambassador is None or self.linkerd.generation is not Generation.V2_8:
            return
        if ambassador.sidecar.mode == "ingress":
            yield Problem(
                "ambassador.sidecar.mode",
                "Linkerd 2.8 has no ingress mode; its proxies read l5d-dst-override always",
                "leave mode out",
                about=("linkerd.version",),
            )
        if ambassador.gateway is not None and ambassador.gateway.probe == "proxy":
            yield Problem(
                "ambassador.gateway.probe",
                "other clusters probe a gateway of Linkerd 2.8 by mTLS, which the admin port of "
                "its proxy does not take",
                "write probe: ambassador",
                about=("linkerd.version",),
            )
        if ambassador.gateway is not None and ambassador.gateway.address:
            yield Problem(
                "ambassador.gateway.address",
                "service mirrors of Linkerd 2.8 take a gateway's address from its Service alone",
                "leave it out, and write service.type: LoadBalancer",
                about=("linkerd.version",),
            )

    def _sample_route(self) -> Iterator[Problem]:
        """A sample's Mapping that nobody serves, or that meets another route."""
        sample, ambassador = self.sample, self.ambassador
        if sample is None:
            return
        if "prefix" in sample.model_fields_set and not sample.mapping:
            yield Problem(
                "sample.prefix",
                "it is the prefix of a Mapping that mapping: false leaves out",
                "leave prefix or mapping out",
                about=("sample.mapping",),
            )
        if ambassador is None:
            for key in ("mapping", "prefix"):
                if sample.mapping and key in sample.model_fields_set:
                    yield Problem(
                        f"sample.{key}",
                        "this cluster has no Ambassador that could route to the sample",
                        "write ambassador: {}, or leave it out",
                        about=("ambassador",),
                    )
            return
        if not sample.mapping:
            return
        empty = ambassador.serves_nothing
        # Where there are other Mappings, the lack of it is told already.
        if empty is not None and not ambassador.mappings:
            yield Problem(
                f"ambassador.{empty}",
                "without an entry here, Ambassador does not serve the Mapping of the sample",
                f"add one, leave {empty} out to have the default, or write sample.mapping: false",
                about=("sample.mapping",),
            )
        for place, mapping in enumerate(ambassador.mappings):
            if mapping.name == SAMPLE_MAPPING:
                yield Problem(
                    f"ambassador.mappings[{place}].name",
                    f"the Mapping of the sample has the name '{SAMPLE_MAPPING}'",
                    "write another name, or sample.mapping: false",
                    about=("sample.mapping",),
                )
            if mapping.route == ("*", sample.prefix):
                yield Problem(
                    "sample.prefix",
                    f"ambassador.mappings[{place}] routes {sample.prefix} already",
                    "write another prefix, or sample.mapping: false",
                    about=(f"ambassador.mappings[{place}].prefix", "sample.mapping"),
                )
        if ambassador.gateway is not None and ambassador.gateway.health_path == sample.prefix:
            yield Problem(
                "sample.prefix",
                f"the gateway's health route has the prefix {sample.prefix} too",
                "write another prefix, or another ambassador.gateway.healthPath",
                about=("ambassador.gateway.healthPath",),
            )

    def _overruled(self) -> Iterator[Problem]:
        """Values of charts that would contradict the names that certificates are made for."""
        linkerd = self.linkerd
        trust_key = "linkerd.trustDomain"
        for field, values in (
            ("linkerd.values", linkerd.values),
            ("linkerd.viz.values", linkerd.viz.values),
            ("linkerd.multicluster.values", linkerd.multicluster.values),
        ):
            for path, key, ours in (
                ("clusterDomain", "domain", self.domain),
                ("identityTrustDomain", trust_key, self.trust_domain),
                ("linkerdNamespace", "linkerd.namespace", linkerd.namespace),
            ):
                yield from contradictions(field, values, path, key, ours)


def _user_of_namespace(path: str) -> str:
    return {
        "": "the multicluster extension's",
        "ambassador.flavour": "that of Ambassador's CRDs",
        "linkerd.cni": "the CNI plugin's",
        "linkerd.viz.enabled": "the viz extension's",
        "linkerd.tracing": "the Jaeger extension's",
    }.get(path, f"that of {path}")
