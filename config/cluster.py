"""One cluster: how it is reached, what it is called, what runs in it."""

from __future__ import annotations

from typing import Annotated, Literal, Self

import yaml
from pydantic import AfterValidator, Field, model_validator

from config.ambassador import AmbassadorConfig
from config.base import UNREADABLE_SECRET, DnsLabel, DnsName, Model, Network, Secret, wrong
from config.linkerd import LinkerdConfig


def _https(value: str) -> str:
    if not value.startswith("https://") or len(value) <= len("https://"):
        raise wrong(
            f"'{value[:80]}' is not the address of an API server",
            "write it with its scheme, for example https://east.example.com:6443",
        )
    return value.rstrip("/")


class ApiServer(Model):
    """A cluster's API server as the *other* clusters reach it."""

    address: Annotated[str, AfterValidator(_https)]
    """URL with scheme https."""
    certificate_authority: str | None = None
    """PEM of the CA that signs its certificate; the kubeconfig's by default."""


class SampleConfig(Model):
    """A small Service to try the mesh with: the quote service of the Ambassador documents."""

    namespace: DnsLabel = "quote"
    """Its namespace, made by us."""
    name: DnsLabel = "quote"
    """Name of the Deployment and the Service."""
    image: str = "docker.io/datawire/quote:0.5.0"
    """Image of the container; it listens on port 8080."""


class ClusterConfig(Model):
    """One cluster."""

    context: Annotated[str, Field(min_length=1)] | None = None
    """Name of the context in the operator's kubeconfig (``KUBECONFIG`` is honoured)."""
    kubeconfig: Secret | None = None
    """A whole kubeconfig held as a secret, in place of a context."""
    uid: Annotated[str, Field(pattern=r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")] | None = None
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

    @property
    def trust_domain(self) -> str:
        """Last part of the identities in this cluster."""
        return self.linkerd.trust_domain or self.domain

    @property
    def may_be_source(self) -> bool:
        """Whether links may begin here."""
        return self.role in ("source", "both")

    @property
    def may_be_target(self) -> bool:
        """Whether links may end here."""
        return self.role in ("target", "both")

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if (self.context is None) == (self.kubeconfig is None):
            state = "neither" if self.context is None else "both"
            raise wrong(
                f"{state} of context and kubeconfig given",
                "write the name of a kubeconfig context under context, "
                "or set kubeconfig with `pulumi config set --secret --path`",
            )
        if self.kubeconfig is not None:
            _check_kubeconfig(self.kubeconfig.get_secret_value())
        spaces = [("linkerd.namespace", self.linkerd.namespace)]
        if self.linkerd.cni:
            spaces.append(("the CNI plugin's namespace", "linkerd-cni"))
        if self.linkerd.viz.enabled:
            spaces.append(("the viz extension's namespace", "linkerd-viz"))
        spaces.append(("the multicluster extension's namespace", "linkerd-multicluster"))
        if self.ambassador is not None:
            spaces.append(("ambassador.namespace", self.ambassador.namespace))
            spaces.append(("ambassador.crdsNamespace", self.ambassador.crds_namespace))
        if self.sample is not None:
            spaces.append(("sample.namespace", self.sample.namespace))
        taken: dict[str, str] = {}
        for owner, space in spaces:
            if space in taken:
                raise wrong(
                    f"{owner} and {taken[space]} are both '{space}'",
                    "give each a namespace of its own",
                )
            taken[space] = owner
        return self


def _check_kubeconfig(text: str) -> None:
    if text == UNREADABLE_SECRET:
        return
    try:
        content = yaml.safe_load(text)
    except yaml.YAMLError:
        content = None
    if not isinstance(content, dict) or not content.get("clusters") or not content.get("contexts"):
        raise wrong(
            "kubeconfig is not a kubeconfig",
            "set it to the content of a file as `kubectl config view --raw --minify --flatten` "
            "prints it",
        )
