"""The stand-in charts hold together: whatever one object refers to is there."""

from __future__ import annotations

import base64
import functools
import hashlib
import json
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from config.ambassador import AmbassadorConfig
from config.linkerd import LinkerdConfig
from local_clusters import LocalClusterError, ensure

CHARTS = Path(__file__).resolve().parents[1] / "charts"
NAMESPACES = {
    "linkerd-crds": "linkerd",
    "linkerd-control-plane": "linkerd",
    "linkerd2-cni": "linkerd-cni",
    "linkerd-multicluster": "linkerd-multicluster",
    "linkerd-viz": "linkerd-viz",
    "emissary-crds-chart": "emissary",
    "emissary-ingress": "emissary",
}
ALL = sorted(NAMESPACES)
LINKS: dict[str, Any] = {
    "controllers": [{"link": {"ref": {"name": "east"}}}, {"link": {"ref": {"name": "west"}}}]
}

Object = dict[str, Any]


@functools.cache
def helm() -> str:
    found = shutil.which("helm")
    if found:
        return found
    try:
        return str(ensure(["helm"])["helm"])
    except LocalClusterError as error:
        pytest.skip(f"no helm on PATH, and none could be built: {error}")


@functools.cache
def issued() -> dict[str, str]:
    """An anchor and an issuer below it, in PEM."""
    anchor_key = ec.generate_private_key(ec.SECP256R1())
    anchor = _certificate("root.linkerd.cluster.local", anchor_key, None, anchor_key)
    issuer_key = ec.generate_private_key(ec.SECP256R1())
    issuer = _certificate("identity.linkerd.cluster.local", issuer_key, anchor, anchor_key)
    return {
        "anchor": anchor.public_bytes(serialization.Encoding.PEM).decode(),
        "crtPEM": issuer.public_bytes(serialization.Encoding.PEM).decode(),
        "keyPEM": _pem(issuer_key),
    }


def _certificate(
    name: str,
    key: ec.EllipticCurvePrivateKey,
    signer: x509.Certificate | None,
    signing_key: ec.EllipticCurvePrivateKey,
) -> x509.Certificate:
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(signer.subject if signer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=365))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(signing_key, hashes.SHA256())
    )


def _pem(key: ec.EllipticCurvePrivateKey) -> str:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ).decode()


def identity() -> Object:
    """The values that linkerd-control-plane cannot do without."""
    pair = {key: issued()[key] for key in ("crtPEM", "keyPEM")}
    return {"identityTrustAnchorsPEM": issued()["anchor"], "identity": {"issuer": {"tls": pair}}}


def template(chart: str, values: Mapping[str, Any]) -> subprocess.CompletedProcess[str]:
    command = [helm(), "template", chart, str(CHARTS / chart), "--namespace", NAMESPACES[chart]]
    command += ["--kube-version", "1.33.0", "--values", "-"]
    command += ["--api-versions", "networking.k8s.io/v1/IngressClass"]
    return subprocess.run(
        command, input=json.dumps(values), capture_output=True, text=True, check=False
    )


def parsed(text: str) -> list[Object]:
    # The parser in C: that in Python takes minutes for these schemas.
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    return [document for document in yaml.load_all(text, loader) if document]


@functools.cache
def _rendered(chart: str, values: str) -> list[Object]:
    result = template(chart, json.loads(values))
    assert result.returncode == 0, result.stderr
    return parsed(result.stdout)


def render(chart: str, values: Mapping[str, Any] | None = None) -> list[Object]:
    """The objects of a chart, with what it needs at least."""
    needed = identity() if chart == "linkerd-control-plane" else {}
    return _rendered(chart, json.dumps(merged(needed, values or {}), sort_keys=True))


def merged(below: Mapping[str, Any], above: Mapping[str, Any]) -> Object:
    result = dict(below)
    for key, value in above.items():
        mine = result.get(key)
        both = isinstance(mine, Mapping) and isinstance(value, Mapping)
        result[key] = merged(mine, value) if both else value  # type: ignore[arg-type]
    return result


def everything() -> list[Object]:
    """The objects of all charts, with most of what can be switched on."""
    more: dict[str, Object] = {
        "linkerd-crds": {"installGatewayAPI": True},
        "linkerd-control-plane": {"enablePodDisruptionBudget": True},
        "linkerd-multicluster": {**LINKS, "enablePodAntiAffinity": True},
        "emissary-crds-chart": {"enableLegacyVersions": True, "enableV1": True},
        "emissary-ingress": {
            "createDefaultListeners": True,
            "podDisruptionBudget": {"maxUnavailable": 1},
            "autoscaling": {"enabled": True},
            "resolvers": {"endpoint": {"create": True}, "consul": {"create": True}},
        },
    }
    return [item for chart in ALL for item in render(chart, more.get(chart))]


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


def schemas(items: list[Object]) -> Iterator[tuple[str, Object]]:
    for crd in of_kind(items, "CustomResourceDefinition"):
        for version in crd["spec"]["versions"]:
            name = f"{crd['metadata']['name']} {version['name']}"
            yield name, version["schema"]["openAPIV3Schema"]


def selects(selector: Mapping[str, str], pod: Object) -> bool:
    return all(pod["metadata"]["labels"].get(key) == value for key, value in selector.items())


@pytest.mark.parametrize("chart", ALL)
def test_a_chart_renders_with_its_own_defaults_and_no_object_is_there_twice(chart: str) -> None:
    identifiers = [identifier(item) for item in render(chart)]

    assert identifiers
    assert len(set(identifiers)) == len(identifiers)


@pytest.mark.parametrize("chart", ALL)
def test_a_chart_has_the_version_that_stack_files_ask_for_by_default(chart: str) -> None:
    about = yaml.safe_load((CHARTS / chart / "Chart.yaml").read_text())
    model = LinkerdConfig if chart.startswith("linkerd") else AmbassadorConfig

    assert about["name"] == chart
    assert about["version"] == model.model_fields["version"].default


def test_objects_of_different_charts_do_not_collide() -> None:
    identifiers = [identifier(item) for item in everything()]

    assert len(set(identifiers)) == len(identifiers)


def test_the_schema_notation_is_read_alike_in_all_charts_that_use_it() -> None:
    readers = {path.read_text() for path in CHARTS.glob("*/templates/_schema.tpl")}
    users = {path.parents[1] for path in CHARTS.glob("*/kinds/_types.yaml")}

    assert len(readers) == 1
    assert users == {path.parents[1] for path in CHARTS.glob("*/templates/_schema.tpl")}


def test_every_custom_resource_in_the_charts_has_a_crd_that_serves_its_version() -> None:
    items = everything()
    served = {
        (crd["spec"]["group"], version["name"], crd["spec"]["names"]["kind"])
        for crd in of_kind(items, "CustomResourceDefinition")
        for version in crd["spec"]["versions"]
        if version["served"]
    }
    groups = {group for group, _, _ in served}
    used = {(*item["apiVersion"].split("/"), item["kind"]) for item in items}
    custom = {entry for entry in used if entry[0] in groups}

    assert len({entry[0] for entry in custom}) > 1
    assert custom <= served


def test_every_crd_stores_exactly_one_of_the_versions_that_it_serves() -> None:
    for legacy in (False, True):
        items = render("emissary-crds-chart", {"enableLegacyVersions": legacy}) + everything()
        for crd in of_kind(items, "CustomResourceDefinition"):
            stored = [v for v in crd["spec"]["versions"] if v["storage"]]
            assert len(stored) == 1, crd["metadata"]["name"]
            assert stored[0]["served"], crd["metadata"]["name"]


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


def test_every_schema_says_what_each_field_is_and_requires_only_fields_that_it_has() -> None:
    flaws = []
    for name, schema in schemas(everything()):
        fields = {key: value for key, value in schema["properties"].items() if key != "metadata"}
        flaws += [flaw for key, value in fields.items() for flaw in _flaws(value, f"{name} {key}")]

    assert flaws == []


def test_no_spec_of_a_current_version_lets_unknown_fields_pass() -> None:
    # The published v1 and v2 of getambassador.io do.
    open_ones = {
        name
        for name, schema in schemas(everything())
        if schema["properties"]["spec"].get("x-kubernetes-preserve-unknown-fields")
    }

    assert open_ones
    assert all(".getambassador.io " in name and name.endswith((" v1", " v2")) for name in open_ones)


def _unknown(schema: Object, value: Any, path: str) -> Iterator[str]:
    if schema.get("x-kubernetes-preserve-unknown-fields"):
        return
    if isinstance(value, Mapping):
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


def test_custom_resources_in_the_charts_fit_the_schemas_of_their_crds() -> None:
    items = everything()
    by_version = {
        (crd["spec"]["group"], version["name"], crd["spec"]["names"]["kind"]): version["schema"]
        for crd in of_kind(items, "CustomResourceDefinition")
        for version in crd["spec"]["versions"]
    }
    problems: list[str] = []
    for item in items:
        schema = by_version.get((*item["apiVersion"].split("/"), item["kind"]))
        if schema is not None:
            below = schema["openAPIV3Schema"]["properties"]["spec"]
            problems += _unknown(below, item.get("spec", {}), "/".join(identifier(item)))

    assert problems == []


def test_every_binding_ties_an_account_to_a_role_that_are_both_there() -> None:
    items = everything()
    present = {identifier(item)[1:] for item in items}
    # Kubernetes brings these itself.
    present.add(("ClusterRole", "", "system:auth-delegator"))
    present.add(("Role", "kube-system", "extension-apiserver-authentication-reader"))

    bindings = of_kind(items, "RoleBinding", "ClusterRoleBinding")
    assert bindings
    for binding in bindings:
        role = binding["roleRef"]
        namespace = binding["metadata"].get("namespace", "")
        assert (role["kind"], namespace, role["name"]) in present, identifier(binding)
        for subject in binding["subjects"]:
            account = (subject["kind"], subject["namespace"], subject["name"])
            assert account in present, identifier(binding)


def test_every_workload_finds_its_account_its_config_maps_and_its_secrets() -> None:
    items = everything()
    present = {identifier(item)[1:] for item in items}
    for workload, pod in pods(items):
        namespace = workload["metadata"]["namespace"]
        wanted = [("ServiceAccount", namespace, pod["spec"]["serviceAccountName"])]
        for volume in pod["spec"].get("volumes", []):
            if "secret" in volume:
                wanted.append(("Secret", namespace, volume["secret"]["secretName"]))
            if "configMap" in volume:
                wanted.append(("ConfigMap", namespace, volume["configMap"]["name"]))
        assert set(wanted) <= present, identifier(workload)


def test_every_workload_selects_its_own_pods_and_mounts_only_volumes_that_it_has() -> None:
    for workload, pod in pods(everything()):
        if "selector" in workload["spec"]:
            assert selects(workload["spec"]["selector"]["matchLabels"], pod), identifier(workload)
        volumes = {volume["name"] for volume in pod["spec"].get("volumes", [])}
        for container in containers(pod):
            mounts = {mount["name"] for mount in container.get("volumeMounts", [])}
            assert mounts <= volumes, (identifier(workload), container["name"])


def test_every_service_selects_pods_that_have_the_ports_that_it_names() -> None:
    items = everything()
    for service in of_kind(items, "Service"):
        selector = service["spec"].get("selector")
        if selector is None:  # the probe of a link: its mirror writes the endpoints
            continue
        namespace = service["metadata"]["namespace"]
        chosen = [
            pod
            for workload, pod in pods(items)
            if workload["metadata"]["namespace"] == namespace and selects(selector, pod)
        ]
        assert chosen, identifier(service)
        names = {
            port["name"]
            for pod in chosen
            for container in containers(pod)
            for port in container.get("ports", [])
        }
        targets = {port.get("targetPort", 0) for port in service["spec"]["ports"]}
        assert {target for target in targets if isinstance(target, str)} <= names


def test_every_budget_and_scaler_is_about_a_workload_that_is_there() -> None:
    items = everything()
    workloads = list(pods(items))
    budgets = of_kind(items, "PodDisruptionBudget")
    assert budgets
    for budget in budgets:
        selector = budget["spec"]["selector"]["matchLabels"]
        assert any(selects(selector, pod) for _, pod in workloads), identifier(budget)
    for scaler in of_kind(items, "HorizontalPodAutoscaler"):
        target = named(items, "Deployment", scaler["spec"]["scaleTargetRef"]["name"])
        assert "replicas" not in target["spec"]


def _callers(items: list[Object]) -> Iterator[tuple[Object, Object]]:
    """What makes the API server call a Service, and how."""
    kinds = ("MutatingWebhookConfiguration", "ValidatingWebhookConfiguration")
    for item in of_kind(items, *kinds):
        for webhook in item["webhooks"]:
            yield item, webhook["clientConfig"]
    for item in of_kind(items, "APIService"):
        yield item, item["spec"]


@pytest.mark.parametrize("chart", ["linkerd-control-plane", "linkerd-viz"])
def test_webhook_certificates_of_the_charts_making_are_those_of_the_services_called(
    chart: str,
) -> None:
    items = render(chart)
    callers = list(_callers(items))
    assert callers
    for caller, how in callers:
        service = named(items, "Service", how["service"]["name"])
        secret = named(items, "Secret", f"{service['metadata']['name']}-k8s-tls")
        certificate = x509.load_pem_x509_certificate(base64.b64decode(secret["data"]["tls.crt"]))
        authority = x509.load_pem_x509_certificate(base64.b64decode(how["caBundle"]))
        key = serialization.load_pem_private_key(base64.b64decode(secret["data"]["tls.key"]), None)
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
        host = f"{service['metadata']['name']}.{service['metadata']['namespace']}.svc"

        certificate.verify_directly_issued_by(authority)
        assert names.value.get_values_for_type(x509.DNSName) == [host], identifier(caller)
        assert certificate.public_key() == key.public_key()


WEBHOOKS = {
    "linkerd-control-plane": ("proxyInjector", "profileValidator", "policyValidator"),
    "linkerd-viz": ("tap", "tapInjector"),
}


@pytest.mark.parametrize("chart", sorted(WEBHOOKS))
def test_with_certificates_from_outside_nothing_is_secret_and_nothing_is_random(
    chart: str,
) -> None:
    values: Object = {
        key: {"externalSecret": True, "caBundle": issued()["anchor"]} for key in WEBHOOKS[chart]
    }
    if chart == "linkerd-control-plane":
        values["identity"] = {"issuer": {"scheme": "kubernetes.io/tls"}}
        values["heartbeatSchedule"] = "17 4 * * *"
    once, again = (template(chart, merged(identity(), values)).stdout for _ in range(2))
    items = parsed(once)

    assert once == again
    assert of_kind(items, "Secret") == []
    for _, how in _callers(items):
        assert base64.b64decode(how["caBundle"]).decode() == issued()["anchor"].strip()


@pytest.mark.parametrize(
    ("chart", "key"), [(chart, key) for chart, keys in WEBHOOKS.items() for key in keys]
)
@pytest.mark.parametrize(
    "wrong",
    [
        {"externalSecret": True},
        {"externalSecret": False, "injectCaFrom": "a/b"},
        {"externalSecret": True, "injectCaFrom": "a/b", "injectCaFromSecret": "a/b"},
        {"externalSecret": True, "injectCaFrom": "a/b", "caBundle": "x"},
    ],
    ids=["no authority", "authority without secret", "two injections", "injection and bundle"],
)
def test_contradictions_about_a_webhook_are_refused_by_name(
    chart: str, key: str, wrong: Object
) -> None:
    result = template(chart, merged(identity(), {key: wrong}))

    assert result.returncode != 0
    assert f"{key}: " in result.stderr


@pytest.mark.parametrize("chart", sorted(WEBHOOKS))
def test_private_keys_given_in_values_reach_secrets_and_nothing_else(chart: str) -> None:
    pair = {"crtPEM": issued()["crtPEM"], "keyPEM": issued()["keyPEM"]}
    values = {key: {**pair, "caBundle": issued()["anchor"]} for key in WEBHOOKS[chart]}
    # Neither the text of the key, nor a line of it, nor either in base64.
    lines = issued()["keyPEM"].splitlines()[1:-1]
    traces = {*lines, *(base64.b64encode(line.encode()).decode()[:40] for line in lines)}
    traces.add(base64.b64encode(issued()["keyPEM"].strip().encode()).decode())

    secrets = 0
    for item in render(chart, values):
        text = json.dumps(item)
        if item["kind"] == "Secret":
            secrets += any(trace in text for trace in traces)
        else:
            assert not any(trace in text for trace in traces), identifier(item)
    assert secrets >= len(WEBHOOKS[chart])


def test_linkerd_config_tells_the_values_in_force() -> None:
    given = {"clusterDomain": "east.example", "proxy": {"defaultInboundPolicy": "deny"}}
    config = named(render("linkerd-control-plane", given), "ConfigMap", "linkerd-config")
    values = yaml.safe_load(config["data"]["values"])

    assert values["clusterDomain"] == given["clusterDomain"]
    assert values["proxy"]["defaultInboundPolicy"] == "deny"
    assert values["proxy"]["ports"], "values that were not given are told too"
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


def test_controllers_make_namespaces_only_when_they_are_told_to() -> None:
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


def test_with_legacy_versions_every_kind_that_has_them_is_converted_by_a_service_of_the_chart() -> (
    None
):
    items = render("emissary-crds-chart", {"enableLegacyVersions": True})
    converted = 0
    for crd in of_kind(items, "CustomResourceDefinition"):
        versions = {version["name"]: version for version in crd["spec"]["versions"]}
        assert ("conversion" in crd["spec"]) is ("v2" in versions)
        if "v2" in versions:
            service = crd["spec"]["conversion"]["webhook"]["clientConfig"]["service"]
            found = named(items, "Service", service["name"])
            assert found["metadata"]["namespace"] == service["namespace"]
            assert versions["v2"]["storage"]
            converted += 1
    assert converted
    assert of_kind(render("emissary-crds-chart"), "Service", "Deployment") == []


def test_every_port_of_the_emissary_service_is_one_of_its_container() -> None:
    ports = [
        {"name": "http", "port": 80, "targetPort": 8080},
        {"name": "mc-gateway", "port": 4143, "targetPort": 4143},
    ]
    items = render("emissary-ingress", {"fullnameOverride": "edge", "service": {"ports": ports}})
    service = named(items, "Service", "edge")
    (container,) = named(items, "Deployment", "edge")["spec"]["template"]["spec"]["containers"]
    open_ports = {port["name"]: port["containerPort"] for port in container["ports"]}

    assert {port["name"]: port["targetPort"] for port in service["spec"]["ports"]} == {
        port["name"]: port["targetPort"] for port in ports
    }
    assert {port["name"]: port["targetPort"] for port in ports}.items() <= open_ports.items()


def test_the_module_of_emissary_says_all_that_its_value_says() -> None:
    given = {"add_linkerd_headers": True, "diagnostics": {"enabled": True}}
    config = named(render("emissary-ingress", {"module": given}), "Module", "ambassador")["spec"]

    assert config["config"]["add_linkerd_headers"] is True
    assert config["config"]["diagnostics"]["enabled"] is True


def test_emissary_in_one_namespace_has_no_rights_in_others() -> None:
    for single in (False, True):
        items = render("emissary-ingress", {"scope": {"singleNamespace": single}})
        wide = {
            resource
            for role in of_kind(items, "ClusterRole")
            for rule in role["rules"]
            for resource in rule["resources"]
        }
        assert ("secrets" in wide) is not single
