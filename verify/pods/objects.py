"""The objects that a run makes, as plain manifests. Pure.

Facts: Kubernetes docs on Pods, Pod Security Standards (restricted), headless Services; Linkerd
docs, "Proxy configuration" (annotations).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Any

from config.core.mesh import MeshConfig
from config.core.verification import VerifyConfig
from config.linkerd.control_plane import LinkerdConfig
from verify.pods import agent
from verify.questions.plan import CERTIFICATE, ECHO_PORT, OwnAdmission, OwnMapping, OwnService, Pod
from vocabulary.kinds import (
    AUTHORIZATION_POLICY,
    CONFIG_MAP,
    MAPPING,
    MESH_TLS,
    NAMESPACE,
    POD,
    POLICY_HTTP_ROUTE,
    SECRET,
    SERVER,
    SERVICE,
    Kind,
    Object,
)
from vocabulary.kubernetes import (
    SECRET_DOCKER_CONFIG,
    SECRET_TLS,
    TLS_CERTIFICATE_KEY,
    TLS_PRIVATE_KEY,
    VERIFY_LABEL,
)
from vocabulary.linkerd import CONFIG_PREFIX, DEFAULT_INBOUND_POLICY, INJECT

LABEL = VERIFY_LABEL
"""Label of everything that a run makes; its value is the name of the run's namespace."""
EXPIRES = "linkerd-ambassador-mesh/verify-expires"
"""Annotation of a run's namespace: the moment (RFC 3339) after which it is left over."""
MOUNT = "/run/verify"
"""Where agent and plan are mounted."""
CONTAINER = "verify"
"""Name of the container of verify's pods."""
CERTIFICATE_SECRET = "verify-certificate"
"""Name of the Secret with the client certificate of a wrong anchor."""

REFUSES_SERVER = ("deny", "cluster-authenticated", "cluster-unauthenticated")
"""Policies under which verify's server would not answer all clients that it has to answer."""
OPEN_ADMIN = ("all-unauthenticated", "audit")
"""Policies under which a pod may read its own proxy's metrics (cleartext, from 127.0.0.1)."""


def namespace(name: str, lifetime: timedelta, now: datetime | None = None) -> Object:
    """The namespace of a run, which is left over after `lifetime`."""
    expires = ((now or datetime.now(UTC)) + lifetime).isoformat(timespec="seconds")
    metadata = {"name": name, "labels": {LABEL: name}, "annotations": {EXPIRES: expires}}
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": metadata}


def expired(item: Object, now: datetime) -> bool:
    """Whether a namespace is left over from a run that was killed."""
    metadata = item.get("metadata") or {}
    text = (metadata.get("annotations") or {}).get(EXPIRES)
    name = str(metadata.get("name", ""))
    if not text or (metadata.get("labels") or {}).get(LABEL) != name:
        return False
    try:
        moment = datetime.fromisoformat(str(text))
    except ValueError:
        return False
    return moment.tzinfo is not None and moment < now


def config_map(run: str, space: str, plans: Mapping[str, Any]) -> Object:
    """The agent, and the plan of each pod by the pod's name."""
    data = {f"{pod}.json": json.dumps(plan, indent=1) for pod, plan in plans.items()}
    data["agent.py"] = Path(agent.__file__).read_text(encoding="utf-8")
    return {**_head(CONFIG_MAP, run, run, space), "data": data}


def pod_plan(pod: Pod) -> dict[str, Any]:
    """What the agent of a pod reads."""
    if pod.serves:
        return {"cluster": pod.cluster, "serve": ECHO_PORT}
    return {"cluster": pod.cluster, "proxy": pod.meshed, "tasks": list(pod.tasks)}


def certificate_secret(run: str, certificate: str, key: str) -> Object:
    """A client certificate (PEM) and its key, of an anchor that no cluster trusts."""
    data = {TLS_CERTIFICATE_KEY: certificate, TLS_PRIVATE_KEY: key}
    return {**_head(SECRET, CERTIFICATE_SECRET, run), "type": SECRET_TLS, "stringData": data}


def pull_secrets(config: VerifyConfig, run: str) -> Iterator[Object]:
    """Yields logins for the image's registry, those with their content in the stack file."""
    for secret in config.image_pull_secrets:
        if secret.docker_config_json is not None:
            data = {".dockerconfigjson": secret.docker_config_json.get_secret_value()}
            head = _head(SECRET, secret.name, run)
            yield {**head, "type": SECRET_DOCKER_CONFIG, "stringData": data}


def service(item: OwnService, run: str) -> Object:
    """A Service in front of verify's server."""
    spec: dict[str, Any] = {
        "selector": {LABEL: run, "app": "echo"},
        "ports": [{"name": "http", "port": ECHO_PORT, "targetPort": ECHO_PORT}],
    }
    if item.headless:
        spec["clusterIP"] = "None"
    return {**_head(SERVICE, item.name, run, labels=item.labels), "spec": spec}


def mapping(item: OwnMapping, run: str) -> Object:
    """A route of Ambassador."""
    head = _head(MAPPING, item.name, run)
    return {**head, "apiVersion": f"{MAPPING.group}/{item.version}", "spec": dict(item.spec)}


def admission(item: OwnAdmission, run: str, uid: str) -> Iterator[Object]:
    """What a gateway's Server admits for a run: who, to what, and which requests that is about.

    The run's namespace, of this UID, owns it, so that it goes with the namespace.
    """
    group, space = SERVER.group, item.namespace
    owner = {"apiVersion": NAMESPACE.api_version, "kind": NAMESPACE.name, "name": run, "uid": uid}
    specs: dict[Kind, Object] = {
        MESH_TLS: {"identities": list(item.clients)},
        AUTHORIZATION_POLICY: {
            "targetRef": {"group": group, "kind": POLICY_HTTP_ROUTE.name, "name": run},
            "requiredAuthenticationRefs": [{"group": group, "kind": MESH_TLS.name, "name": run}],
        },
        POLICY_HTTP_ROUTE: {
            "parentRefs": [{"group": group, "kind": SERVER.name, "name": item.server}],
            "hostnames": list(item.hostnames),
            "rules": [{"matches": [{"path": {"type": "PathPrefix", "value": "/"}}]}],
        },
    }
    for kind, spec in specs.items():
        made = _head(kind, run, run, space)
        made["metadata"]["ownerReferences"] = [owner]
        yield {**made, "spec": spec}


def pod(
    item: Pod,
    mesh: MeshConfig,
    space: str,
    run: str,
    *,
    name: str,
    template: Object | None = None,
) -> Object:
    """A pod of verify, named `name`, in namespace `space`.

    `template` is the pod template of the workload that it is to be like: it has the workload's
    ServiceAccount, its pull secrets and its settings of the proxy, and none of its labels, so that
    it gets none of its requests.
    """
    cluster = mesh.clusters[item.cluster]
    made = _head(POD, name, run, space, labels={"app": item.name})
    made["metadata"]["annotations"] = pod_annotations(item, cluster.linkerd, template)
    given = (template or {}).get("spec") or {}
    pulls = [{"name": secret.name} for secret in mesh.verify.image_pull_secrets]
    pulls += [one for one in given.get("imagePullSecrets") or [] if one not in pulls]
    mounts = [{"name": "verify", "mountPath": MOUNT, "readOnly": True}]
    volumes: list[Object] = [{"name": "verify", "configMap": {"name": run}}]
    if item.name == "outsider":
        mounts.append({"name": "certificate", "mountPath": CERTIFICATE, "readOnly": True})
        volumes.append({"name": "certificate", "secret": {"secretName": CERTIFICATE_SECRET}})
    container: Object = {
        "name": CONTAINER,
        "image": mesh.verify.image,
        "command": ["python3", f"{MOUNT}/agent.py", f"{MOUNT}/{item.name}.json"],
        "env": [{"name": "PYTHONDONTWRITEBYTECODE", "value": "1"}],
        "resources": {
            "requests": {"cpu": "10m", "memory": "32Mi"},
            "limits": {"memory": "256Mi"},
        },
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
            "readOnlyRootFilesystem": True,
        },
        "volumeMounts": mounts,
    }
    if item.serves:
        container["ports"] = [{"name": "http", "containerPort": ECHO_PORT}]
        container["readinessProbe"] = {"httpGet": {"path": "/ready", "port": ECHO_PORT}}
    spec: Object = {
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "terminationGracePeriodSeconds": 5,
        "restartPolicy": "Always",
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": 10001,
            "runAsGroup": 10001,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "containers": [container],
        "volumes": volumes,
    }
    if pulls:
        spec["imagePullSecrets"] = pulls
    for key in ("serviceAccountName", "tolerations", "nodeSelector"):
        if given.get(key):
            spec[key] = given[key]
    if item.hostname is not None:
        spec["hostname"], spec["subdomain"] = item.hostname, item.subdomain
    return {**made, "spec": spec}


def pod_annotations(
    item: Pod, linkerd: LinkerdConfig, template: Object | None = None
) -> dict[str, str]:
    """Annotations of a pod of verify.

    Where the cluster's default policy would refuse what is asked, the pod asks for another one: the
    server admits every meshed client, and a client, which has no port but its proxy's own, admits
    its own questions to it.
    """
    found = {INJECT: "enabled" if item.meshed else "disabled"}
    if not item.meshed:
        return found
    given = ((template or {}).get("metadata") or {}).get("annotations") or {}
    found |= {key: str(value) for key, value in given.items() if key.startswith(CONFIG_PREFIX)}
    policy = found.get(DEFAULT_INBOUND_POLICY) or linkerd.proxy.default_inbound_policy
    if item.serves:
        if policy in REFUSES_SERVER:
            found[DEFAULT_INBOUND_POLICY] = "all-authenticated"
    elif policy not in OPEN_ADMIN:
        found[DEFAULT_INBOUND_POLICY] = "all-unauthenticated"
    return found


def _head(
    kind: Kind,
    name: str,
    run: str,
    space: str = "",
    labels: Mapping[str, str] = MappingProxyType({}),
) -> Object:
    """Kind and metadata of an object of a run, by default in the run's namespace."""
    metadata = {"name": name, "namespace": space or run, "labels": {LABEL: run, **labels}}
    return {"apiVersion": kind.api_version, "kind": kind.name, "metadata": metadata}
