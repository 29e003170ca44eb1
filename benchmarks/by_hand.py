"""The same mesh made by hand: helm, kubectl, openssl and the linkerd CLI, one after the other.

The order is that of Linkerd's and Ambassador's installation pages. Values and Ambassador's objects
come from the models of the stack file, so that both ways install the same; they are written to
files beforehand, unmeasured, as an operator has them at hand. It knows what the stack `local` has,
and no more: a stack with pull secrets, a CNI plugin or viz would come out different.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from shlex import quote
from typing import Any

import yaml

from charts.source import Chart, ChartSource, ambassador_chart, ambassador_crds
from components.ambassador.objects import ambassador_objects
from components.ambassador.policy import public_policy
from components.ambassador.values import ambassador_values, crds_values
from components.linkerd.values import control_plane_values
from components.links.admission import export_policy, gateway_policy
from components.links.values import multicluster_values
from config import MeshConfig
from config.ambassador.ambassador import AmbassadorConfig
from config.core.cluster import ClusterConfig
from config.inventory import inventory
from config.inventory.values.merging import Values
from config.inventory.webhooks import Webhook, webhooks

BY_HAND = "by hand: helm, kubectl, linkerd CLI"

MANIFESTS = Path(__file__).with_name("manifests")


@dataclass(frozen=True)
class Step:
    """Lines that are typed one after the other."""

    title: str
    """What they are for."""
    lines: str
    """The lines."""


class ByHand:
    """The commands for the mesh that a stack file describes.

    `folder` is where values and manifests are written, and where the commands are run.
    """

    def __init__(self, config: MeshConfig, charts: ChartSource, folder: Path) -> None:
        self._config = config
        self._charts = charts
        self._folder = folder

    def prepare(self) -> None:
        """Write the files that an operator has at hand."""
        self._folder.mkdir()
        for name, cluster in self._config.clusters.items():
            self._values(name, "linkerd-crds", {})
            # The anchor is handed over on the command line.
            values = control_plane_values(cluster, _webhooks(cluster), "")
            self._values(name, "linkerd-control-plane", values)
            # By hand, only a restart gives the controllers new credentials.
            self._values(name, "linkerd-multicluster", multicluster_values(cluster.linkerd, {}))
            if cluster.ambassador is not None:
                self._write_ambassador(name, cluster, cluster.ambassador)

    def steps(self) -> Iterator[Step]:
        """Everything that is typed."""
        clusters = self._config.clusters
        yield Step("certificates", "\n".join(self._certificates()))
        for name in clusters:
            yield Step(
                f"namespaces and certificates of {name}", "\n".join(self._namespaces_of(name))
            )
        for name, cluster in clusters.items():
            yield Step(f"Linkerd in {name}", "\n".join(self._linkerd_in(name, cluster)))
        for name, cluster in clusters.items():
            if cluster.ambassador is not None:
                yield Step(
                    f"Ambassador in {name}",
                    "\n".join(self._ambassador_in(name, cluster, cluster.ambassador)),
                )
            if cluster.sample is not None:
                yield Step(f"sample service in {name}", _apply(cluster, MANIFESTS / "sample.yaml"))
        for name, cluster in clusters.items():
            version = cluster.linkerd.version
            chart = Chart("linkerd-multicluster", version)
            yield Step(
                f"multicluster extension in {name}",
                self._install(name, "linkerd-multicluster", "linkerd-multicluster", chart),
            )
        for link in self._config.links:
            yield Step(f"link {link.name}", "\n".join(self._link(link.source, link.target)))

    def _certificates(self) -> Iterator[str]:
        yield _key("anchor")
        yield (
            "openssl req -x509 -new -key anchor.key -out anchor.crt -days 3650"
            " -subj /CN=root.linkerd.cluster.local"
            " -addext subjectAltName=DNS:root.linkerd.cluster.local"
            " -addext basicConstraints=critical,CA:TRUE,pathlen:1"
            " -addext keyUsage=critical,keyCertSign,cRLSign"
        )
        for name, cluster in self._config.clusters.items():
            # No path length: the program asks for 0, which pulumi-tls 5.5 reads as no limit.
            yield from _signed(
                f"{name}-issuer",
                cluster.issuer_name,
                "-addext basicConstraints=critical,CA:TRUE"
                " -addext keyUsage=critical,keyCertSign,cRLSign",
            )
            for webhook in _webhooks(cluster):
                yield from _signed(
                    f"{name}-{webhook.service}",
                    webhook.host,
                    "-addext basicConstraints=critical,CA:FALSE"
                    " -addext keyUsage=critical,digitalSignature,keyEncipherment"
                    " -addext extendedKeyUsage=serverAuth",
                )

    def _namespaces_of(self, name: str) -> Iterator[str]:
        cluster = self._config.clusters[name]
        yield _apply(cluster, MANIFESTS / "namespaces.yaml")
        create = f"{_kubectl(cluster)} create secret --namespace {cluster.linkerd.namespace}"
        yield (
            f"{create} generic linkerd-identity-issuer --type kubernetes.io/tls"
            f" --from-file tls.crt={name}-issuer.crt --from-file tls.key={name}-issuer.key"
            " --from-file ca.crt=anchor.crt"
        )
        for webhook in _webhooks(cluster):
            file = f"{name}-{webhook.service}"
            yield f"{create} tls {webhook.secret} --cert {file}.crt --key {file}.key"

    def _linkerd_in(self, name: str, cluster: ClusterConfig) -> Iterator[str]:
        space, version = cluster.linkerd.namespace, cluster.linkerd.version
        crds, control_plane = "linkerd-crds", "linkerd-control-plane"
        yield self._install(name, crds, space, Chart(crds, version))
        anchors = [
            "identityTrustAnchorsPEM",
            *(f"{item.values_key}.caBundle" for item in _webhooks(cluster)),
        ]
        files = " ".join(f"--set-file {key}=anchor.crt" for key in anchors)
        chart = Chart(control_plane, version)
        yield f"{self._install(name, control_plane, space, chart)} {files}"

    def _ambassador_in(
        self, name: str, cluster: ClusterConfig, config: AmbassadorConfig
    ) -> Iterator[str]:
        crds = ambassador_crds(config)
        assert isinstance(crds, Chart), "the stack local has Emissary-ingress 4"
        yield self._install(name, "emissary-crds", config.crds_namespace, crds)
        yield self._install(name, config.name, config.namespace, ambassador_chart(config))
        yield _apply(cluster, Path(f"{name}-objects.yaml"))

    def _link(self, source: str, target: str) -> Iterator[str]:
        clusters = self._config.clusters
        ambassador = clusters[target].ambassador
        assert ambassador is not None, "validation refuses a target without Ambassador"
        on_target = _kubectl(clusters[target])
        account = f"linkerd-service-mirror-remote-access-{source}"
        yield _apply(clusters[target], MANIFESTS / "remote-access.yaml")
        yield (
            f"{on_target} wait --namespace linkerd-multicluster --timeout 60s"
            f" --for 'jsonpath={{.data.token}}' secret/{account}-token"
        )
        yield (
            f"linkerd multicluster link-gen --context {_context(clusters[target])}"
            f" --cluster-name {target} --service-account-name {account}"
            f" --gateway-name {ambassador.name} --gateway-namespace {ambassador.namespace}"
            f" | {_kubectl(clusters[source])} apply --filename -"
        )
        for export in self._config.exports_of(target):
            yield (
                f"{on_target} label service --namespace {export.service.namespace}"
                f" {export.service.name} "
                + " ".join(f"{key}={value}" for key, value in export.labels.items())
            )

    def _install(self, cluster: str, release: str, namespace: str, chart: Chart) -> str:
        location = self._charts.location(chart)
        repository = f" --repo {quote(location.repository)}" if location.repository else ""
        return (
            f"helm install {release} {quote(location.chart)}{repository} --version {chart.version}"
            f" --kube-context {_context(self._config.clusters[cluster])}"
            f" --namespace {namespace} --values {cluster}-{chart.name}.yaml --wait"
        )

    def _write_ambassador(
        self, name: str, cluster: ClusterConfig, config: AmbassadorConfig
    ) -> None:
        generation = cluster.linkerd.generation
        routes = self._config.asked_mappings(name)
        objects: list[Any] = list(ambassador_objects(config, routes))
        if generation.policy:
            objects += public_policy(config)
            for found in inventory(self._config, name).admissions:
                objects += gateway_policy(found)
                objects += (
                    one for item in found.exports for one in export_policy(found.gateway, item)
                )
        self._values(name, "emissary-crds-chart", crds_values(config))
        values = ambassador_values(config, drains=cluster.linkerd.drains)
        self._values(name, "emissary-ingress", values)
        self._write(f"{name}-objects.yaml", *objects)

    def _values(self, cluster: str, chart: str, defaults: Values) -> None:
        made = inventory(self._config, cluster)
        release = made.release_of(chart)
        assert release is not None, "the stack local has each of these charts"
        self._write(f"{cluster}-{chart}.yaml", made.values[release.key].over(defaults))

    def _write(self, name: str, *documents: Any) -> None:
        (self._folder / name).write_text(yaml.safe_dump_all(documents, sort_keys=False))


def _webhooks(cluster: ClusterConfig) -> list[Webhook]:
    """The webhooks of the control plane."""
    return [item for item in webhooks(cluster) if item.namespace == cluster.linkerd.namespace]


def _context(cluster: ClusterConfig) -> str:
    return quote(str(cluster.context))


def _kubectl(cluster: ClusterConfig) -> str:
    return f"kubectl --context {_context(cluster)}"


def _apply(cluster: ClusterConfig, file: Path) -> str:
    return f"{_kubectl(cluster)} apply --filename {quote(str(file))}"


def _key(name: str) -> str:
    return f"openssl ecparam -genkey -name prime256v1 -noout -out {name}.key"


def _signed(name: str, host: str, extensions: str) -> Iterator[str]:
    yield _key(name)
    yield (
        f"openssl req -x509 -new -key {name}.key -out {name}.crt -days 365"
        f" -CA anchor.crt -CAkey anchor.key -subj /CN={host}"
        f" -addext subjectAltName=DNS:{host} {extensions}"
    )
