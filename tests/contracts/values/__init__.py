"""What values the published charts know: their key paths and types, as data beside this module.

``python -m tests.contracts.values DIR [VERSION]`` writes the data from a folder of published
values files: ``<chart>-<version>.values.yaml``, or ``<chart>.values.yaml`` of VERSION, and
``….values-ha.yaml`` beside it, in any folder below. Nothing but keys and types is kept.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml

FOLDER = Path(__file__).resolve().parent
"""Where the data is kept."""

Tree = Mapping[str, Any]
"""Keys, with a tree or the name of a type each."""

PLACEHOLDER = re.compile(r"@(\w+)@")
"""What a release of Emissary fills in; no YAML."""
_FILE = re.compile(
    r"(?P<chart>.+?)(?:-(?P<version>v?[0-9]+\.[0-9][\w.]*))?\.(?P<kind>values(?:-ha)?)\.yaml"
)
OPEN = ("map", "list", "any")
"""Types of which a values file does not say what is in them."""

FREE_FORM = ("nodeSelector", "module")
"""Maps that a chart hands on as they are, although its values file has something in them."""

READ_BY_TEMPLATES: Mapping[str, Mapping[str, str]] = {
    "linkerd-control-plane": {
        "heartbeatSchedule": "linkerd2 charts/linkerd-control-plane/templates/heartbeat.yaml",
    },
    "emissary-ingress": {
        "service.loadBalancerClass": "emissary charts/emissary-ingress/templates/service.yaml "
        "@ v4.1.0; config refuses it for older charts",
        "service.loadBalancerIP": "emissary charts/emissary-ingress/templates/service.yaml "
        "@ v4.1.0 and v3.10.0",
        "service.loadBalancerSourceRanges": "emissary charts/emissary-ingress/templates/"
        "service.yaml @ v4.1.0 and v3.10.0",
        "licenseKey.secretName": "edge-stack values.yaml, emissary-ingress.envRaw @ 8.10.2",
        "redisURL": "edge-stack values.yaml, emissary-ingress.envRaw @ 8.10.2",
    },
    "ambassador": {
        "service.loadBalancerIP": "ambassador templates/service.yaml @ 6.9.5",
        "service.loadBalancerSourceRanges": "ambassador templates/service.yaml @ 6.9.5",
        "adminService.loadBalancerSourceRanges": "ambassador templates/admin-service.yaml @ 6.9.5",
        "adminService.loadBalancerIP": "ambassador templates/admin-service.yaml @ 6.9.5",
        "adminService.nodePort": "ambassador templates/admin-service.yaml @ 6.9.5",
        "namespace": "ambassador templates/deployment.yaml @ 6.9.5",
    },
}
"""Values that a chart knows although its values file has them in comments alone, and where."""

NOT_SEEN: Mapping[str, frozenset[str]] = {
    "edge-stack": frozenset({"env", "redis.serviceSelector"}),
}
"""Values of stand-ins that no published values file has, of charts whose templates are not public
source; no stack file passes them."""

PARTS = {"edge-stack": {"emissary-ingress": ("emissary-ingress", "3.10.0")}}
"""Values of a chart that are those of a part of it, which is a chart of its own."""

EARLIER: Mapping[str, str] = {
    "linkerd-control-plane": """
        clusterDomain clusterNetworks cniEnabled controllerImage debugContainer.image.name
        disableHeartBeat identity.issuer.scheme identityTrustAnchorsPEM identityTrustDomain
        policyValidator.caBundle policyValidator.externalSecret profileValidator.caBundle
        profileValidator.externalSecret proxy.defaultInboundPolicy proxy.image.name
        proxyInjector.caBundle proxyInjector.externalSecret""",
    "linkerd-jaeger": """
        clusterDomain collector.enabled createNamespaceMetadataJob jaeger.enabled linkerdNamespace
        webhook.caBundle webhook.collectorSvcAccount webhook.collectorSvcAddr
        webhook.collectorTraceProtocol webhook.externalSecret webhook.image.name webhook.logLevel
        """,
}
"""Values that are passed to charts of Linkerd of early 2025."""

BY_HAND: Mapping[tuple[str, str], str] = {
    ("linkerd2", "2.8.1"): """
        controllerImage controllerReplicas controllerResources debugContainer.image.name
        destinationResources disableHeartBeat enablePodAntiAffinity global.clusterDomain
        global.cniEnabled global.identityTrustAnchorsPEM global.identityTrustDomain
        global.namespace global.proxy.destinationGetNetworks global.proxy.image.name
        global.proxy.resources global.proxyInit.image.name grafana.image.name grafana.resources
        heartbeatResources identity.issuer.scheme identityResources installNamespace
        profileValidator.caBundle profileValidator.externalSecret prometheusResources
        proxyInjector.caBundle proxyInjector.externalSecret proxyInjectorResources
        publicAPIResources spValidatorResources tap.caBundle tap.externalSecret tapResources
        webImage webResources webhookFailurePolicy""",
    ("linkerd2-cni", "2.8.1"): "cliVersion cniPluginImage namespace",
    ("linkerd2-multicluster", "2.8.1"): """
        controllerImage gateway identityTrustDomain installNamespace linkerdNamespace namespace
        remoteMirrorServiceAccount serviceMirror""",
    **{
        (chart, version): known
        for chart, known in EARLIER.items()
        for version in ("2025.2.1", "2025.3.1")
    },
    ("linkerd-crds", "2025.2.1"): "enableHttpRoutes enableTlsRoutes enableTcpRoutes",
    ("linkerd-crds", "2025.3.1"): "installGatewayAPI",
    ("emissary-crds-chart", "3.10.0"): "",
    ("cert-manager", "v1.21.2"): "crds.enabled crds.keep replicaCount",
    ("trust-manager", "v0.25.0"): "app.trust.namespace crds.enabled crds.keep "
    "defaultPackage.enabled",
}
"""Values that are passed to charts of which no data is here; each was looked up in the chart.

Facts: linkerd2 charts and jaeger/charts at stable-2.8.1 (values.yaml, values-ha.yaml, templates)
at edge-25.2.1 and edge-25.3.1; cert-manager and trust-manager, deploy/charts.
"""


@cache
def published(chart: str, version: str) -> Tree | None:
    """The values that a published chart knows; None where no data of it is here."""
    file = FOLDER / f"{chart}-{version}.json"
    if not file.is_file():
        return None
    found: Tree = json.loads(file.read_text(encoding="utf-8"))["values"]
    for key, (part, other) in PARTS.get(chart, {}).items():
        inner = published(part, other)
        assert inner is not None
        found = merged(found, {key: inner})
    return found


def unknown(chart: str, given: Mapping[str, Any], tree: Tree) -> Iterator[str]:
    """Paths of values that a chart does not know, or knows as something else."""
    read = dict(READ_BY_TEMPLATES.get(chart, {}))
    for key, (part, _) in PARTS.get(chart, {}).items():
        read |= {f"{key}.{path}": why for path, why in READ_BY_TEMPLATES.get(part, {}).items()}
    yield from _unknown(given, tree, frozenset(read) | NOT_SEEN.get(chart, frozenset()), ())


def _unknown(
    given: Mapping[str, Any], tree: Tree, read: frozenset[str], above: tuple[str, ...]
) -> Iterator[str]:
    for key, value in given.items():
        path = (*above, key)
        name = ".".join(path)
        if name in read or value in ({}, []):
            continue
        known = tree.get(key)
        within = [item for item in read if item.startswith(f"{name}.")]
        if known is None and within and isinstance(value, Mapping):
            yield from _unknown(value, {}, read, path)
        elif known is None:
            yield name
        elif key in FREE_FORM or known in OPEN:
            continue
        elif isinstance(known, Mapping) and isinstance(value, Mapping):
            yield from _unknown(value, known, read, path)
        elif value is not None and kind_of(value) != known:
            what = "a map" if isinstance(known, Mapping) else f"a {known}"
            yield f"{name} (a {kind_of(value)}, and the chart has {what})"


def kind_of(value: object) -> str:
    """The name of a value's type in the data."""
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, (int, float)):
        return "number"
    if isinstance(value, str):
        return "text"
    if value is None:
        return "any"
    return "list" if isinstance(value, list) else "map"


def tree_of(value: Any) -> Any:
    """Keys and types of a values file's content."""
    if isinstance(value, Mapping) and value:
        return {str(key): tree_of(inner) for key, inner in sorted(value.items())}
    return kind_of(value)


def merged(below: Tree, above: Tree) -> Tree:
    """Two trees as one; where both say something, what says more."""
    result = dict(below)
    for key, value in above.items():
        mine = result.get(key)
        if isinstance(mine, Mapping) and isinstance(value, Mapping):
            result[key] = merged(mine, value)
        elif mine is None or (mine in OPEN and not isinstance(mine, Mapping)):
            result[key] = value
    return result


def content(folder: Path, version: str | None) -> dict[str, str]:
    """The data of all values files below a folder, by the names of its files.

    Raises ValueError for a file without a version where the caller gives no version.
    """
    found: dict[str, dict[str, Any]] = {}
    for file in sorted(folder.rglob("*.yaml")):
        match = _FILE.fullmatch(file.name)
        if match is None:
            continue
        of = match["version"] or version
        if of is None:
            raise ValueError(f"{file.name} says no version: write one behind the folder")
        values = yaml.safe_load(PLACEHOLDER.sub(r"\1", file.read_text(encoding="utf-8"))) or {}
        entry = found.setdefault(
            f"{match['chart']}-{of}.json",
            {"chart": match["chart"], "version": of, "files": [], "values": {}},
        )
        entry["files"].append(match["kind"])
        entry["values"] = merged(entry["values"], tree_of(values) if values else {})
    return {
        name: json.dumps(entry, indent=1, sort_keys=True) + "\n" for name, entry in found.items()
    }
