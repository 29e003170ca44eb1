"""The stand-in charts are consistent: what one object refers to exists."""

from __future__ import annotations

import base64
import functools
import hashlib
import json
import re
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml
from cryptography import x509
from cryptography.hazmat.primitives import serialization

from charts import MissingChartsError, packaging
from config.linkerd.control_plane import LinkerdConfig
from config.trust.cert_manager import CertManagerConfig, TrustManagerConfig
from config.variants.ambassadors import FLAVOURS, CrdsChart, CrdsManifest
from machine.build import ensure
from machine.errors import BuildError
from tests.certificates import ISSUER, ROOT, certified
from tests.packages import packages

Object = dict[str, Any]

NAMESPACES = {
    "linkerd-crds": "linkerd",
    "linkerd-control-plane": "linkerd",
    "linkerd2-cni": "linkerd-cni",
    "linkerd-multicluster": "linkerd-multicluster",
    "linkerd-viz": "linkerd-viz",
    "linkerd-jaeger": "linkerd-jaeger",
    "linkerd-crds-2025.3": "linkerd",
    "linkerd-control-plane-2025.3": "linkerd",
    "linkerd-jaeger-2025.3": "linkerd-jaeger",
    "linkerd2": "linkerd",
    "linkerd2-cni-2.8": "linkerd-cni",
    "linkerd2-multicluster": "linkerd-multicluster",
    "emissary-crds-chart": "emissary",
    "emissary-ingress": "emissary",
    "emissary-crds-chart-3": "emissary-system",
    "emissary-ingress-3": "ambassador",
    "aes-crds": "emissary-system",
    "edge-stack": "ambassador",
    "ambassador": "ambassador",
    "cert-manager": "cert-manager",
    "trust-manager": "cert-manager",
}
"""Where each stand-in, named by its folder, is installed."""
ALL = sorted(NAMESPACES)
OF_LINKERD_2_8 = ("linkerd2", "linkerd2-cni-2.8", "linkerd2-multicluster")
FOR_OLD_CLUSTERS = (*OF_LINKERD_2_8, "ambassador")
"""Those whose objects Kubernetes 1.22 and newer refuse."""
AMBASSADORS = ("emissary-ingress", "emissary-ingress-3", "edge-stack", "ambassador")
WITH_CONVERSION: dict[str, Object] = {
    "emissary-crds-chart": {"enableLegacyVersions": True},
    "emissary-crds-chart-3": {},
    "aes-crds": {},
}
"""Stand-ins with a conversion webhook, and the values that ask for it."""
LINKS: dict[str, Any] = {
    "controllers": [{"link": {"ref": {"name": "east"}}}, {"link": {"ref": {"name": "west"}}}]
}

AMBASSADOR_SETTINGS: Object = {
    "createDefaultListeners": True,
    "podDisruptionBudget": {"maxUnavailable": 1},
    "autoscaling": {"enabled": True},
    "resolvers": {"endpoint": {"create": True}, "consul": {"create": True}},
    "module": {"add_linkerd_headers": True},
}
INSTALLATIONS: dict[str, dict[str, Object]] = {
    "today": {
        "linkerd-crds": {"installGatewayAPI": True},
        "linkerd-control-plane": {"enablePodDisruptionBudget": True},
        "linkerd2-cni": {},
        "linkerd-multicluster": {**LINKS, "enablePodAntiAffinity": True},
        "linkerd-viz": {},
        "emissary-crds-chart": {"enableLegacyVersions": True, "enableV1": True},
        "emissary-ingress": AMBASSADOR_SETTINGS,
    },
    "before 2025.6.4": {
        "linkerd-crds-2025.3": {"installGatewayAPI": True},
        "linkerd-control-plane-2025.3": {},
        "linkerd-jaeger-2025.3": {},
    },
    "Emissary 3": {
        "emissary-crds-chart-3": {},
        "emissary-ingress-3": {
            **AMBASSADOR_SETTINGS,
            "agent": {"enabled": True, "cloudConnectToken": "none"},
        },
    },
    "Edge Stack": {
        "aes-crds": {},
        "edge-stack": {"emissary-ingress": AMBASSADOR_SETTINGS},
    },
    "legacy Ambassador": {"ambassador": AMBASSADOR_SETTINGS},
    "cert-manager": {"cert-manager": {"crds": {"enabled": True}}, "trust-manager": {}},
    "Linkerd 2.8": {"linkerd2": {}, "linkerd2-cni-2.8": {}, "linkerd2-multicluster": {}},
}
"""Charts of one cluster, with most options switched on."""
WITH_AMBASSADOR = [
    name for name in INSTALLATIONS if name not in ("Linkerd 2.8", "before 2025.6.4", "cert-manager")
]
STRUCTURAL = [name for name in WITH_AMBASSADOR if name != "legacy Ambassador"]
"""Installations whose CRDs are of v1, so that fields without a schema are dropped."""


@functools.cache
def helm() -> str:
    found = shutil.which("helm")
    if found:
        return found
    try:
        return str(ensure(["helm"])["helm"])
    except BuildError as error:
        pytest.skip(f"no helm on PATH, and none could be built: {error}")


@functools.cache
def issued() -> dict[str, str]:
    """An anchor and an issuer below it, in PEM."""
    anchor = certified(ROOT)
    issuer = certified(ISSUER, anchor)
    return {"anchor": anchor.pem, "crtPEM": issuer.pem, "keyPEM": issuer.key_pem}


def identity(chart: str = "linkerd-control-plane") -> Object:
    """The values that the chart of a control plane cannot do without."""
    pair = {key: issued()[key] for key in ("crtPEM", "keyPEM")}
    anchors = {"identityTrustAnchorsPEM": issued()["anchor"]}
    if chart == "linkerd2":
        expiry = "2030-01-02T03:04:05Z"
        return {"global": anchors, "identity": {"issuer": {"tls": pair, "crtExpiry": expiry}}}
    return {**anchors, "identity": {"issuer": {"tls": pair}}}


def needed(chart: str) -> Object:
    """The values that a chart cannot do without."""
    if chart.startswith("linkerd-control-plane") or chart == "linkerd2":
        return identity(chart)
    if chart.startswith("linkerd-jaeger"):
        return {"collector": {"enabled": False}, "jaeger": {"enabled": False}}
    if chart == "ambassador":
        return {"enableAES": False, "agent": {"enabled": False}}
    return {}


@functools.cache
def _scratch() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix="stand-ins-")


@functools.cache
def assembled(chart: str) -> Path:
    """A stand-in as Helm can read it."""
    folder = Path(_scratch().name) / chart
    packaging.assemble(Path(helm()), packaging.SOURCES / chart, folder)
    return folder


def template(
    chart: str, values: Mapping[str, Any], *options: str
) -> subprocess.CompletedProcess[str]:
    command = [helm(), "template", chart, str(assembled(chart)), "--values", "-", *options]
    command += ["--namespace", NAMESPACES[chart]]
    command += ["--kube-version", "1.21.0" if chart in FOR_OLD_CLUSTERS else "1.33.0"]
    command += ["--api-versions", "networking.k8s.io/v1/IngressClass"]
    return subprocess.run(
        command, input=json.dumps(values), capture_output=True, text=True, check=False
    )


def parsed(text: str) -> list[Object]:
    # The parser in C: that in Python needs minutes for these schemas.
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    return [document for document in yaml.load_all(text, loader) if document]


@functools.cache
def _rendered(chart: str, values: str) -> list[Object]:
    result = template(chart, json.loads(values), "--include-crds")
    assert result.returncode == 0, result.stderr
    return parsed(result.stdout)


def render(chart: str, values: Mapping[str, Any] | None = None) -> list[Object]:
    """The objects of a chart, with what it needs at least."""
    return _rendered(chart, json.dumps(merged(needed(chart), values or {}), sort_keys=True))


def merged(below: Mapping[str, Any], above: Mapping[str, Any]) -> Object:
    result = dict(below)
    for key, value in above.items():
        mine = result.get(key)
        both = isinstance(mine, Mapping) and isinstance(value, Mapping)
        result[key] = merged(mine, value) if both else value  # type: ignore[arg-type]
    return result


def everything(installation: str) -> list[Object]:
    """The objects of all charts of an installation."""
    charts = INSTALLATIONS[installation]
    return [item for chart, values in charts.items() for item in render(chart, values)]


def for_ambassador(chart: str, values: Mapping[str, Any]) -> list[Object]:
    """The objects of an Ambassador named edge, with these values where its chart has them."""
    own = {"fullnameOverride": "edge", **values}
    return render(chart, {**own, "emissary-ingress": own} if chart == "edge-stack" else own)


def identifier(item: Object) -> tuple[str, str, str, str]:
    group = item["apiVersion"].rpartition("/")[0]
    metadata = item["metadata"]
    return group, item["kind"], metadata.get("namespace", ""), metadata["name"]


def of_kind(items: list[Object], *kinds: str) -> list[Object]:
    return [item for item in items if item["kind"] in kinds]


def named(items: list[Object], kind: str, name: str) -> Object:
    (found,) = [item for item in of_kind(items, kind) if item["metadata"]["name"] == name]
    return found


def pods(items: list[Object]) -> Iterator[tuple[Object, Object]]:
    """Each workload and the template of its pods."""
    for item in of_kind(items, "Deployment", "DaemonSet", "Job"):
        yield item, item["spec"]["template"]
    for item in of_kind(items, "CronJob"):
        yield item, item["spec"]["jobTemplate"]["spec"]["template"]


def containers(pod: Object) -> list[Object]:
    return [*pod["spec"].get("initContainers", []), *pod["spec"]["containers"]]


class Version(NamedTuple):
    """A version of a kind, as its CRD has it."""

    group: str
    name: str
    kind: str
    served: bool
    stored: bool
    schema: Object


def versions(crd: Object) -> list[Version]:
    """The versions of a CRD; that of v1beta1 may have one schema for all, or none."""
    spec = crd["spec"]
    listed = spec.get("versions") or [
        {"name": spec.get("version"), "served": True, "storage": True}
    ]
    found = []
    for item in listed:
        schema = (item.get("schema") or spec.get("validation") or {}).get("openAPIV3Schema", {})
        what = (spec["group"], item["name"], spec["names"]["kind"])
        found.append(Version(*what, item["served"], item["storage"], schema))
    return found


def schemas(items: list[Object]) -> Iterator[tuple[str, Object]]:
    for crd in of_kind(items, "CustomResourceDefinition"):
        for version in versions(crd):
            if version.served and version.schema:
                yield f"{crd['metadata']['name']} {version.name}", version.schema


def selects(selector: Mapping[str, str], pod: Object) -> bool:
    return all(pod["metadata"]["labels"].get(key) == value for key, value in selector.items())


@pytest.mark.parametrize("chart", ALL)
def test_a_chart_renders_with_its_own_defaults_and_no_object_is_there_twice(chart: str) -> None:
    identifiers = [identifier(item) for item in render(chart)]

    assert identifiers
    assert len(set(identifiers)) == len(identifiers)


def test_stand_ins_are_packaged_under_the_names_that_the_program_looks_for() -> None:
    modern = LinkerdConfig.model_fields["version"].default
    names = ("linkerd-crds", "linkerd-control-plane", "linkerd2-cni", "linkerd-multicluster")
    wanted = {f"{name}-{modern}.tgz" for name in (*names, "linkerd-viz")}
    wanted |= {f"linkerd2{part}-2.8.1.tgz" for part in ("", "-cni", "-multicluster")}
    # Those that trace by the extension, and its own last version.
    old = ("linkerd-crds", "linkerd-control-plane", "linkerd-jaeger")
    wanted |= {f"{name}-2025.3.1.tgz" for name in old} | {"linkerd-jaeger-2025.9.4.tgz"}
    wanted.add(f"cert-manager-{CertManagerConfig().version}.tgz")
    wanted.add(f"trust-manager-{TrustManagerConfig().version}.tgz")
    for line in (line for flavour in FLAVOURS.values() for line in flavour.lines):
        wanted.add(f"{line.chart}-{line.newest}.tgz")
        if isinstance(line.crds, CrdsChart):
            wanted.add(f"{line.crds.name}-{line.newest}.tgz")
        if isinstance(line.crds, CrdsManifest):
            wanted.add(f"{line.crds.name}-{line.application}.yaml")

    assert {path.name for path in packages().iterdir()} == wanted


def test_every_folder_is_a_stand_in_that_is_tried_here_or_a_part_of_one() -> None:
    parts = {"ambassador-crds"}

    assert {source.name for source in packaging.sources()} == {*ALL, *parts}


@pytest.mark.parametrize("chart", [chart for chart in ALL if chart != "aes-crds"])
def test_a_package_renders_what_its_source_does(chart: str) -> None:
    about = yaml.safe_load((assembled(chart) / "Chart.yaml").read_text())
    package = packages() / f"{about['name']}-{about['version']}.tgz"
    with tarfile.open(package) as archive:
        inside = {name.partition("/")[2] for name in archive.getnames()}
    files = {path for path in assembled(chart).rglob("*") if path.is_file()}

    assert inside == {str(path.relative_to(assembled(chart))) for path in files}


def test_the_manifest_of_an_edge_stack_has_all_objects_in_the_namespace_that_they_refer_to() -> (
    None
):
    (manifest,) = packages().glob("aes-crds-*.yaml")
    items = parsed(manifest.read_text())
    (namespace,) = [item["metadata"]["name"] for item in of_kind(items, "Namespace")]

    assert items == render("aes-crds")
    assert {item["metadata"].get("namespace", namespace) for item in items} == {namespace}
    for crd in of_kind(items, "CustomResourceDefinition"):
        if "conversion" in crd["spec"]:
            client = crd["spec"]["conversion"]["webhook"]["clientConfig"]
            assert client["service"]["namespace"] == namespace


def test_a_recipe_that_helm_refuses_is_an_error_and_no_traceback(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = tmp_path / "sources" / "broken"
    broken.mkdir(parents=True)
    (broken / packaging.RECIPE).write_text("chart: {name: broken}")
    monkeypatch.setattr(packaging, "SOURCES", broken.parent)

    with pytest.raises(MissingChartsError, match="cannot be packaged"):
        packaging.package(Path(helm()), tmp_path / "packages")


@pytest.mark.parametrize("installation", INSTALLATIONS)
def test_objects_of_different_charts_do_not_collide(installation: str) -> None:
    identifiers = [identifier(item) for item in everything(installation)]

    assert len(set(identifiers)) == len(identifiers)


def test_the_schema_notation_is_read_alike_in_all_charts_that_use_it() -> None:
    readers = {path.read_text() for path in packaging.SOURCES.glob("*/templates/_schema.tpl")}
    users = {chart for chart in ALL if (assembled(chart) / "kinds" / "_types.yaml").is_file()}

    assert len(readers) == 1
    assert users == {c for c in ALL if (assembled(c) / "templates" / "_schema.tpl").is_file()}


@pytest.mark.parametrize("installation", [*WITH_AMBASSADOR, "cert-manager"])
def test_every_custom_resource_in_the_charts_has_a_crd_that_serves_its_version(
    installation: str,
) -> None:
    items = everything(installation)
    served = {
        version[:3]
        for crd in of_kind(items, "CustomResourceDefinition")
        for version in versions(crd)
        if version.served
    }
    groups = {group for group, _, _ in served}
    used = {(*item["apiVersion"].split("/"), item["kind"]) for item in items}
    custom = {entry for entry in used if entry[0] in groups}

    assert custom
    assert custom <= served


@pytest.mark.parametrize("installation", INSTALLATIONS)
def test_every_crd_stores_exactly_one_of_the_versions_that_it_serves(installation: str) -> None:
    items = everything(installation)
    if installation == "today":
        items = items + render("emissary-crds-chart", {"enableLegacyVersions": False})
    for crd in of_kind(items, "CustomResourceDefinition"):
        stored = [version for version in versions(crd) if version.stored]
        assert len(stored) == 1, crd["metadata"]["name"]
        assert stored[0].served, crd["metadata"]["name"]


def _flaws(schema: Object, path: str) -> Iterator[str]:
    anything = ("x-kubernetes-int-or-string", "x-kubernetes-preserve-unknown-fields")
    if any(schema.get(keyword) for keyword in anything):
        return
    kind = schema.get("type")
    properties = schema.get("properties", {})
    if kind == "array" and "items" not in schema:
        yield f"{path}: a list of nothing"
    if kind == "object" and not properties and "additionalProperties" not in schema:
        yield f"{path}: an object without fields"
    if not kind:
        yield f"{path}: no type"
    if unknown := set(schema.get("required", [])) - set(properties):
        yield f"{path}: required, but not there: {sorted(unknown)}"
    for name, child in properties.items():
        yield from _flaws(child, f"{path}.{name}")
    if kind == "array" and "items" in schema:
        yield from _flaws(schema["items"], f"{path}[]")
    if "additionalProperties" in schema:
        yield from _flaws(schema["additionalProperties"], f"{path}{{}}")


@pytest.mark.parametrize("installation", [*STRUCTURAL, "cert-manager"])
def test_every_schema_says_what_each_field_is_and_requires_only_fields_that_it_has(
    installation: str,
) -> None:
    flaws = []
    for name, schema in schemas(everything(installation)):
        fields = {key: value for key, value in schema["properties"].items() if key != "metadata"}
        flaws += [flaw for key, value in fields.items() for flaw in _flaws(value, f"{name} {key}")]

    assert flaws == []


@pytest.mark.parametrize("installation", STRUCTURAL)
def test_no_spec_of_a_current_version_lets_unknown_fields_pass(installation: str) -> None:
    # Those of Edge Stack's own kinds are not written down.
    edge_stacks = re.compile(r"(filters|filterpolicies|ratelimits|.*\.gateway)\.getambassador\.io ")
    # The published v1 and v2 of getambassador.io do.
    open_ones = {
        name
        for name, schema in schemas(everything(installation))
        if schema["properties"]["spec"].get("x-kubernetes-preserve-unknown-fields")
        and not edge_stacks.match(name)
    }

    assert open_ones
    assert all(".getambassador.io " in name and name.endswith((" v1", " v2")) for name in open_ones)


def _unknown(schema: Object, value: Any, path: str) -> Iterator[str]:
    if schema.get("x-kubernetes-preserve-unknown-fields"):
        return
    if isinstance(value, Mapping):
        if schema.get("type") == "object" and not {"properties", "additionalProperties"} & {
            *schema
        }:
            return  # anything, where the CRD is of v1beta1
        for missing in set(schema.get("required", [])) - set(value):
            yield f"{path}.{missing} is missing"
        for name, child in value.items():
            below = schema.get("properties", {}).get(name, schema.get("additionalProperties"))
            if below is None:
                yield f"{path}.{name} is unknown"
            else:
                yield from _unknown(below, child, f"{path}.{name}")
    elif isinstance(value, list):
        for index, child in enumerate(value):
            yield from _unknown(schema["items"], child, f"{path}[{index}]")
    elif "enum" in schema and value not in schema["enum"]:
        yield f"{path} may not be {value!r}"


@pytest.mark.parametrize("installation", [*WITH_AMBASSADOR, "cert-manager"])
def test_custom_resources_in_the_charts_fit_the_schemas_of_their_crds(installation: str) -> None:
    items = everything(installation)
    by_version = {
        version[:3]: version.schema
        for crd in of_kind(items, "CustomResourceDefinition")
        for version in versions(crd)
    }
    problems: list[str] = []
    for item in items:
        schema = by_version.get((*item["apiVersion"].split("/"), item["kind"]))
        if schema is not None:
            below = schema["properties"]["spec"]
            problems += _unknown(below, item.get("spec", {}), "/".join(identifier(item)))

    assert problems == []


Reference = tuple[str, object, object]
"""What refers to something, what it refers to, and everything that is there."""


def roles_and_accounts(items: list[Object]) -> Iterator[Reference]:
    """What bindings tie together."""
    present = {identifier(item)[1:] for item in items}
    # Kubernetes brings these itself.
    present.add(("ClusterRole", "", "system:auth-delegator"))
    present.add(("Role", "kube-system", "extension-apiserver-authentication-reader"))
    for binding in of_kind(items, "RoleBinding", "ClusterRoleBinding"):
        role, who = binding["roleRef"], str(identifier(binding))
        yield who, (role["kind"], binding["metadata"].get("namespace", ""), role["name"]), present
        for subject in binding["subjects"]:
            yield who, (subject["kind"], subject["namespace"], subject["name"]), present


def mounted_objects(items: list[Object]) -> Iterator[Reference]:
    """Accounts, ConfigMaps and Secrets of workloads."""
    present = {identifier(item)[1:] for item in items}
    for item in of_kind(items, "Certificate"):
        present.add(("Secret", item["metadata"]["namespace"], item["spec"]["secretName"]))
    for workload, pod in pods(items):
        space, who = workload["metadata"]["namespace"], str(identifier(workload))
        if account := pod["spec"].get("serviceAccountName"):
            yield who, ("ServiceAccount", space, account), present
        for volume in pod["spec"].get("volumes", []):
            if "secret" in volume:
                yield who, ("Secret", space, volume["secret"]["secretName"]), present
            if "configMap" in volume:
                yield who, ("ConfigMap", space, volume["configMap"]["name"]), present


def volumes_and_own_pods(items: list[Object]) -> Iterator[Reference]:
    """Volumes that containers mount, and pods that workloads select."""
    for workload, pod in pods(items):
        who = str(identifier(workload))
        selector = workload["spec"].get("selector", {}).get("matchLabels", {})
        for label in selector.items():
            yield who, label, pod["metadata"]["labels"].items()
        volumes = {volume["name"] for volume in pod["spec"].get("volumes", [])}
        for container in containers(pod):
            for mount in container.get("volumeMounts", []):
                yield f"{who} {container['name']}", mount["name"], volumes


def ports_of_services(items: list[Object]) -> Iterator[Reference]:
    """Named ports of the pods that a Service selects."""
    for service in of_kind(items, "Service"):
        selector = service["spec"].get("selector")
        if selector is None:  # the probe of a link: its mirror writes the endpoints
            continue
        space, who = service["metadata"]["namespace"], str(identifier(service))
        chosen = [
            pod
            for workload, pod in pods(items)
            if workload["metadata"]["namespace"] == space and selects(selector, pod)
        ]
        yield who, True, [bool(chosen)]
        open_ports = [
            port for pod in chosen for c in containers(pod) for port in c.get("ports", [])
        ]
        for port in service["spec"]["ports"]:
            if isinstance(port.get("targetPort"), str):
                yield who, port["targetPort"], [item["name"] for item in open_ports]


def budgets_and_scalers(items: list[Object]) -> Iterator[Reference]:
    """Workloads of PodDisruptionBudgets and HorizontalPodAutoscalers, which set the replicas."""
    for budget in of_kind(items, "PodDisruptionBudget"):
        selector = budget["spec"]["selector"]["matchLabels"]
        yield str(identifier(budget)), True, [selects(selector, pod) for _, pod in pods(items)]
    for scaler in of_kind(items, "HorizontalPodAutoscaler"):
        target = named(items, "Deployment", scaler["spec"]["scaleTargetRef"]["name"])
        yield str(identifier(scaler)), False, ["replicas" in target["spec"]]


REFERENCES = {
    roles_and_accounts: list(INSTALLATIONS),
    mounted_objects: list(INSTALLATIONS),
    volumes_and_own_pods: list(INSTALLATIONS),
    ports_of_services: list(INSTALLATIONS),
    budgets_and_scalers: WITH_AMBASSADOR,
}
"""Kinds of references, and the installations that have some."""


@pytest.mark.parametrize(
    ("references", "installation"),
    [
        pytest.param(kind, name, id=f"{kind.__name__}: {name}")
        for kind, names in REFERENCES.items()
        for name in names
    ],
)
def test_what_an_object_refers_to_exists(
    references: Callable[[list[Object]], Iterator[Reference]], installation: str
) -> None:
    found = list(references(everything(installation)))

    assert found
    assert [(who, wanted) for who, wanted, present in found if wanted not in present] == []  # type: ignore[operator]


def _callers(items: list[Object]) -> Iterator[tuple[Object, Object]]:
    """What makes the API server call a Service, and how."""
    kinds = ("MutatingWebhookConfiguration", "ValidatingWebhookConfiguration")
    for item in of_kind(items, *kinds):
        for webhook in item["webhooks"]:
            yield item, webhook["clientConfig"]
    for item in of_kind(items, "APIService"):
        yield item, item["spec"]


SECRETS_OF_WEBHOOKS = {
    "linkerd-control-plane": ("k8s-tls", "tls.crt", "tls.key"),
    "linkerd-viz": ("k8s-tls", "tls.crt", "tls.key"),
    "linkerd2": ("tls", "crt.pem", "key.pem"),
}
"""How the Secret of a webhook's Service is named, and the keys of its certificate."""


@pytest.mark.parametrize("chart", sorted(SECRETS_OF_WEBHOOKS))
def test_webhook_certificates_of_the_charts_making_are_those_of_the_services_called(
    chart: str,
) -> None:
    items = render(chart)
    suffix, crt, key_name = SECRETS_OF_WEBHOOKS[chart]
    callers = list(_callers(items))
    assert callers
    for caller, how in callers:
        service = named(items, "Service", how["service"]["name"])
        secret = named(items, "Secret", f"{service['metadata']['name']}-{suffix}")
        certificate = x509.load_pem_x509_certificate(base64.b64decode(secret["data"][crt]))
        authority = x509.load_pem_x509_certificate(base64.b64decode(how["caBundle"]))
        key = serialization.load_pem_private_key(base64.b64decode(secret["data"][key_name]), None)
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
        host = f"{service['metadata']['name']}.{service['metadata']['namespace']}.svc"

        certificate.verify_directly_issued_by(authority)
        assert names.value.get_values_for_type(x509.DNSName) == [host], identifier(caller)
        assert certificate.public_key() == key.public_key()


WEBHOOKS = {
    "linkerd-control-plane": ("proxyInjector", "profileValidator", "policyValidator"),
    "linkerd-viz": ("tap", "tapInjector"),
    "linkerd2": ("proxyInjector", "profileValidator", "tap"),
}


@pytest.mark.parametrize("chart", sorted(WEBHOOKS))
def test_with_certificates_from_outside_nothing_is_secret_and_nothing_is_random(
    chart: str,
) -> None:
    values: Object = {
        key: {"externalSecret": True, "caBundle": issued()["anchor"]} for key in WEBHOOKS[chart]
    }
    if chart != "linkerd-viz":
        values["identity"] = {"issuer": {"scheme": "kubernetes.io/tls"}}
        values["heartbeatSchedule"] = "17 4 * * *"
    once, again = (template(chart, merged(needed(chart), values)).stdout for _ in range(2))
    items = parsed(once)

    assert once == again
    assert of_kind(items, "Secret") == []
    for _, how in _callers(items):
        assert base64.b64decode(how["caBundle"]).decode() == issued()["anchor"].strip()


NO_AUTHORITY: Object = {"externalSecret": True}
CONTRADICTIONS: dict[str, Object] = {
    "no authority": NO_AUTHORITY,
    "authority without secret": {"externalSecret": False, "injectCaFrom": "a/b"},
    "two injections": {"externalSecret": True, "injectCaFrom": "a", "injectCaFromSecret": "b"},
    "injection and bundle": {"externalSecret": True, "injectCaFrom": "a/b", "caBundle": "x"},
}
REFUSED = {
    **{
        f"{chart} {key}, {wrong}": (chart, {key: values}, f"{key}: ")
        for chart, keys in WEBHOOKS.items()
        for key in keys
        for wrong, values in CONTRADICTIONS.items()
        # Linkerd 2.8 has no injection of authorities.
        if chart != "linkerd2" or values is NO_AUTHORITY
    },
    # What a stand-in has no objects for.
    **{
        f"{chart} {key}.{switch}": (chart, {key: {switch: True}}, f"{key}.{switch}")
        for chart, key, switch in (
            ("linkerd-jaeger", "collector", "enabled"),
            ("linkerd-jaeger", "jaeger", "enabled"),
            ("ambassador", "agent", "enabled"),
        )
    },
    "ambassador enableAES": ("ambassador", {"enableAES": True}, "enableAES"),
    "linkerd2 without anchors": (
        "linkerd2",
        {"global": {"identityTrustAnchorsPEM": ""}},
        "global.identityTrustAnchorsPEM",
    ),
}
"""Values that a stand-in refuses: the chart, the values, and the key in its message."""


@pytest.mark.parametrize(("chart", "values", "key"), REFUSED.values(), ids=REFUSED)
def test_a_stand_in_refuses_values_by_name(chart: str, values: Object, key: str) -> None:
    result = template(chart, merged(needed(chart), values))

    assert result.returncode != 0
    assert key in result.stderr


@pytest.mark.parametrize("chart", sorted(WEBHOOKS))
def test_given_keys_reach_secrets_only_and_the_api_server_trusts_the_given_bundle(
    chart: str,
) -> None:
    pair = {"crtPEM": issued()["crtPEM"], "keyPEM": issued()["keyPEM"]}
    values = {key: {**pair, "caBundle": issued()["anchor"]} for key in WEBHOOKS[chart]}
    # Neither the text of the key, nor a line of it, nor either in base64.
    lines = issued()["keyPEM"].splitlines()[1:-1]
    traces = {*lines, *(base64.b64encode(line.encode()).decode()[:40] for line in lines)}
    traces.add(base64.b64encode(issued()["keyPEM"].strip().encode()).decode())

    items = render(chart, values)
    secrets = 0
    for item in items:
        if item["kind"] == "Secret":
            data = {base64.b64decode(value).decode().strip() for value in item["data"].values()}
            secrets += issued()["keyPEM"].strip() in data
        else:
            text = json.dumps(item, default=str)
            assert not any(trace in text for trace in traces), identifier(item)
    assert secrets >= len(WEBHOOKS[chart])
    callers = list(_callers(items))
    assert callers
    for caller, how in callers:
        bundle = base64.b64decode(how["caBundle"]).decode()
        assert bundle == issued()["anchor"].strip(), identifier(caller)


def test_linkerd_config_has_the_values_in_force() -> None:
    given = {"clusterDomain": "east.example", "proxy": {"defaultInboundPolicy": "deny"}}
    config = named(render("linkerd-control-plane", given), "ConfigMap", "linkerd-config")
    values = yaml.safe_load(config["data"]["values"])

    assert values["clusterDomain"] == given["clusterDomain"]
    assert values["proxy"]["defaultInboundPolicy"] == "deny"
    assert values["proxy"]["ports"], "defaults are missing"
    assert values["identityTrustDomain"] == given["clusterDomain"], "it follows the cluster's"
    assert values["identityTrustAnchorsPEM"] == issued()["anchor"]


def test_pods_of_the_control_plane_restart_when_the_anchors_change() -> None:
    annotation = "linkerd.io/trust-root-sha256"
    bundle = issued()["anchor"] * 2
    for given in (issued()["anchor"], bundle):
        items = render("linkerd-control-plane", {"identityTrustAnchorsPEM": given})
        digests = {pod["metadata"]["annotations"].get(annotation) for _, pod in pods(items)}
        assert digests - {None} == {hashlib.sha256(given.encode()).hexdigest()}


def test_a_native_sidecar_starts_before_the_container_that_it_serves() -> None:
    for native in (True, False):
        items = render("linkerd-control-plane", {"proxy": {"nativeSidecar": native}})
        pod = named(items, "Deployment", "linkerd-destination")["spec"]["template"]["spec"]
        first = [container["name"] for container in pod["initContainers"]]
        later = [container["name"] for container in pod["containers"]]
        assert ("linkerd-proxy" in first) is native
        assert ("linkerd-proxy" in later) is not native


@pytest.mark.parametrize("chart", ["linkerd-control-plane", "linkerd-multicluster", "linkerd-viz"])
def test_with_the_cni_plugin_pods_are_fit_for_namespaces_with_restricted_security(
    chart: str,
) -> None:
    for workload, pod in pods(render(chart, {"cniEnabled": True, **LINKS})):
        for container in containers(pod):
            context = container["securityContext"]
            what = (identifier(workload), container["name"])
            assert context["allowPrivilegeEscalation"] is False, what
            assert context["capabilities"] == {"drop": ["ALL"]}, what
            assert context["runAsNonRoot"] is True, what
            assert context["seccompProfile"]["type"] == "RuntimeDefault", what


def test_every_link_has_a_controller_that_may_read_its_credentials_and_no_others() -> None:
    east, west = LINKS["controllers"]
    given = {"controllers": [east, {**west, "gateway": {"enabled": False}}]}
    items = render("linkerd-multicluster", given)

    for link in ("east", "west"):
        controller = named(items, "Deployment", f"controller-{link}")
        account = controller["spec"]["template"]["spec"]["serviceAccountName"]
        (binding,) = [
            item for item in of_kind(items, "RoleBinding") if item["subjects"][0]["name"] == account
        ]
        role = named(items, "Role", binding["roleRef"]["name"])
        (rule,) = [rule for rule in role["rules"] if "secrets" in rule["resources"]]
        assert rule["resourceNames"] == [f"cluster-credentials-{link}"]
    probes = [item for item in of_kind(items, "Service") if "selector" not in item["spec"]]
    assert [item["metadata"]["name"] for item in probes] == ["probe-east"]


def test_controllers_create_namespaces_only_on_request() -> None:
    name = "linkerd-multicluster-controller-access-local-resources"
    for allowed in (False, True):
        items = render("linkerd-multicluster", {**LINKS, "enableNamespaceCreation": allowed})
        rules = named(items, "ClusterRole", name)["rules"]
        verbs = {v for rule in rules if "namespaces" in rule["resources"] for v in rule["verbs"]}
        assert ("create" in verbs) is allowed


def test_gateway_api_kinds_outlive_the_release_and_linkerds_own_do_not() -> None:
    items = render("linkerd-crds", {"installGatewayAPI": True, "enableTlsRoutes": False})
    kept = {
        crd["spec"]["names"]["kind"]: crd["spec"]["group"]
        for crd in items
        if crd["metadata"]["annotations"].get("helm.sh/resource-policy") == "keep"
    }

    assert set(kept.values()) == {"gateway.networking.k8s.io"}
    assert set(kept) == {"HTTPRoute", "GRPCRoute", "TCPRoute"}
    assert {item["spec"]["group"] for item in render("linkerd-crds")}.isdisjoint(kept.values())


@pytest.mark.parametrize("chart", WITH_CONVERSION)
def test_every_kind_that_has_older_versions_is_converted_by_a_service_of_the_chart(
    chart: str,
) -> None:
    items = render(chart, WITH_CONVERSION[chart])
    converted = 0
    for crd in of_kind(items, "CustomResourceDefinition"):
        known = {version.name: version for version in versions(crd)}
        assert ("conversion" in crd["spec"]) is ("v2" in known)
        if "v2" in known:
            service = crd["spec"]["conversion"]["webhook"]["clientConfig"]["service"]
            found = named(items, "Service", service["name"])
            assert found["metadata"]["namespace"] == service["namespace"]
            assert service.get("port", 443) in {port["port"] for port in found["spec"]["ports"]}
            assert known["v2"].stored
            converted += 1
    assert converted


def test_without_older_versions_nothing_is_converted() -> None:
    assert of_kind(render("emissary-crds-chart"), "Service", "Deployment") == []


@pytest.mark.parametrize("chart", WITH_CONVERSION)
def test_the_conversion_server_may_update_the_crds_that_it_converts_and_finds_them(
    chart: str,
) -> None:
    items = render(chart, WITH_CONVERSION[chart])
    role = named(items, "ClusterRole", "emissary-apiext")
    allowed = {name for rule in role["rules"] for name in rule.get("resourceNames", [])}
    server = named(items, "Deployment", "emissary-apiext")["spec"]["template"]
    (container,) = server["spec"]["containers"]
    key, _, value = container["args"][-1].partition("=")

    for crd in of_kind(items, "CustomResourceDefinition"):
        assert crd["metadata"]["labels"][key] == value
        assert crd["metadata"]["name"] in allowed


def test_legacy_crds_lie_where_helm_installs_them_from_before_all_else() -> None:
    without = template("ambassador", needed("ambassador")).stdout
    crds = of_kind(render("ambassador"), "CustomResourceDefinition")

    assert crds
    assert of_kind(parsed(without), "CustomResourceDefinition") == []


@pytest.mark.parametrize("chart", AMBASSADORS)
def test_every_port_of_an_ambassadors_service_is_one_of_its_container(chart: str) -> None:
    ports = [
        {"name": "http", "port": 80, "targetPort": 8080},
        {"name": "mc-gateway", "port": 4143, "targetPort": 4143},
    ]
    items = for_ambassador(chart, {"service": {"ports": ports}})
    service = named(items, "Service", "edge")
    (container,) = named(items, "Deployment", "edge")["spec"]["template"]["spec"]["containers"]
    open_ports = {port["name"]: port["containerPort"] for port in container["ports"]}

    assert {port["name"]: port["targetPort"] for port in service["spec"]["ports"]} == {
        port["name"]: port["targetPort"] for port in ports
    }
    assert {port["name"]: port["targetPort"] for port in ports}.items() <= open_ports.items()


@pytest.mark.parametrize("chart", AMBASSADORS)
def test_the_module_of_an_ambassador_says_all_that_its_value_says(chart: str) -> None:
    given = {"add_linkerd_headers": True, "diagnostics": {"enabled": True}}
    config = named(for_ambassador(chart, {"module": given}), "Module", "ambassador")["spec"]

    assert config["config"]["add_linkerd_headers"] is True
    assert config["config"]["diagnostics"]["enabled"] is True
    # Only version 4 has a switch there, which others would take for configuration.
    assert ("enabled" in config["config"]) is (chart == "emissary-ingress")


@pytest.mark.parametrize("chart", AMBASSADORS)
def test_pods_of_an_ambassador_have_the_account_and_the_annotations_given(chart: str) -> None:
    given = {"serviceAccount": {"name": "gate"}, "podAnnotations": {"linkerd.io/inject": "enabled"}}
    items = for_ambassador(chart, given)
    pod = named(items, "Deployment", "edge")["spec"]["template"]

    assert pod["spec"]["serviceAccountName"] == "gate"
    assert pod["metadata"]["annotations"]["linkerd.io/inject"] == "enabled"
    assert named(items, "ServiceAccount", "gate")


@pytest.mark.parametrize("chart", AMBASSADORS)
def test_an_ambassador_in_one_namespace_has_no_rights_in_others(chart: str) -> None:
    for single in (False, True):
        given = {"scope": {"singleNamespace": single}, "agent": {"enabled": False}}
        wide = {
            resource
            for role in of_kind(for_ambassador(chart, given), "ClusterRole")
            for rule in role["rules"]
            for resource in rule["resources"]
        }
        assert ("secrets" in wide) is not single


@pytest.mark.parametrize("chart", ["emissary-ingress-3", "edge-stack"])
def test_pods_that_wait_for_the_conversion_server_may_read_it(chart: str) -> None:
    items = for_ambassador(chart, {"waitForApiext": {"deploymentNamespace": "elsewhere"}})
    pod = named(items, "Deployment", "edge")["spec"]["template"]["spec"]
    (waiting,) = pod["initContainers"]
    (role,) = [role for role in of_kind(items, "Role") if "deployments" in str(role["rules"])]

    assert role["metadata"]["namespace"] == "elsewhere"
    assert "elsewhere" in waiting["args"]
    without = for_ambassador(chart, {"waitForApiext": {"enabled": False}})
    pod = named(without, "Deployment", "edge")["spec"]["template"]["spec"]
    assert "initContainers" not in pod
    assert role["metadata"]["name"] not in {item["metadata"]["name"] for item in without}


def _environment(items: list[Object]) -> dict[str, str]:
    pod = named(items, "Deployment", "edge")["spec"]["template"]["spec"]
    return {item["name"]: item.get("value", "") for item in pod["containers"][0]["env"]}


def test_an_edge_stack_reads_its_licence_from_the_secret_that_both_levels_name() -> None:
    key = "not-a-licence"
    names = {"fullnameOverride": "edge", "licenseKey": {"secretName": "licence"}}
    values = merged({**names, "emissary-ingress": names}, {"licenseKey": {"value": key}})
    items = render("edge-stack", values)
    secret = named(items, "Secret", "licence")

    assert base64.b64decode(secret["data"]["license-key"]).decode() == key
    assert _environment(items)["AMBASSADOR_AES_SECRET_NAME"] == "licence"
    assert key not in json.dumps([item for item in items if item is not secret])
    none = render("edge-stack", merged(values, {"licenseKey": {"createSecret": False}}))
    assert of_kind(none, "Secret") == []


def test_an_edge_stack_finds_its_redis_or_one_of_another() -> None:
    items = for_ambassador("edge-stack", {})
    host, _, port = _environment(items)["REDIS_URL"].partition(":")
    service = named(items, "Service", host)
    assert int(port) in {item["port"] for item in service["spec"]["ports"]}

    given = {"redis": {"create": False}, "redisURL": "redis.example:6380"}
    others = for_ambassador("edge-stack", given)
    assert _environment(others)["REDIS_URL"] == "redis.example:6380"
    assert host not in {item["metadata"]["name"] for item in others}


def test_the_services_of_an_edge_stack_can_be_left_out_and_have_settings_of_their_own() -> None:
    kinds = ("AuthService", "RateLimitService", "Mapping")
    for wanted in (False, True):
        headers = {"add_linkerd_headers": True}
        given = {
            "authService": {"create": wanted, "optional_configurations": headers},
            "rateLimit": {"create": wanted},
            "createDevPortalMappings": wanted,
        }
        found = of_kind(render("edge-stack", given), *kinds)
        assert {item["kind"] for item in found} == (set(kinds) if wanted else set())
        for item in found:
            assert item["kind"] != "AuthService" or item["spec"]["add_linkerd_headers"] is True


def test_linkerd_2_8_passes_anchors_domains_and_skipped_ports_to_its_proxies() -> None:
    given = {
        "clusterDomain": "east.example",
        "identityTrustDomain": "trust.example",
        "proxyInit": {"ignoreInboundPorts": "25,443"},
    }
    items = render("linkerd2", {"global": given})
    config = named(items, "ConfigMap", "linkerd-config")["data"]
    shared = json.loads(config["global"])
    injected = json.loads(config["proxy"])

    assert shared["clusterDomain"] == given["clusterDomain"]
    assert shared["identityContext"]["trustDomain"] == given["identityTrustDomain"]
    assert shared["identityContext"]["trustAnchorsPem"] == issued()["anchor"].strip()
    assert [item["port"] for item in injected["ignoreInboundPorts"]] == [25, 443]
    for _, pod in pods(of_kind(items, "Deployment")):
        values = [item.get("value", "") for c in containers(pod) for item in c.get("env", [])]
        assert any(issued()["anchor"].strip() in value for value in values)


def test_objects_of_linkerd_2_8_are_in_the_namespace_of_its_values_only() -> None:
    own = {"namespace": "mesh"}
    for chart in OF_LINKERD_2_8:
        items = render(chart, {"global": own} if chart == "linkerd2" else own)
        found = {item["metadata"].get("namespace", "mesh") for item in items}
        # One right, to read how the API server knows its callers, is Kubernetes' own to give.
        assert found <= {"mesh", "kube-system"}, chart
        assert {item["metadata"]["name"] for item in of_kind(items, "Namespace")} == {"mesh"}


def test_without_its_gateway_linkerd_2_8_mirrors_by_one_controller_that_may_read_credentials() -> (
    None
):
    items = render("linkerd2-multicluster", {"gateway": False})
    (controller,) = of_kind(items, "Deployment")
    account = controller["spec"]["template"]["spec"]["serviceAccountName"]
    (binding,) = of_kind(items, "RoleBinding")
    role = named(items, "Role", binding["roleRef"]["name"])

    assert binding["subjects"][0]["name"] == account
    assert {resource for rule in role["rules"] for resource in rule["resources"]} == {"secrets"}
    assert of_kind(items, "Service") == []


@pytest.mark.parametrize("all_of_it", [True, False])
def test_every_account_of_linkerd_2_8_may_have_the_pods_that_it_has(all_of_it: bool) -> None:
    given = {"disableHeartBeat": not all_of_it, "grafana": {"enabled": all_of_it}}
    items = render("linkerd2", given)
    accounts = {item["metadata"]["name"] for item in of_kind(items, "ServiceAccount")}
    binding = named(items, "RoleBinding", "linkerd-psp")

    assert {subject["name"] for subject in binding["subjects"]} == accounts
    assert ("linkerd-heartbeat" in accounts) is all_of_it
    assert ("linkerd-grafana" in accounts) is all_of_it
