"""The second Service of the demo, which `./mesh demo --change` exports through the same link."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import yaml

from cli.errors import VerbError
from config import PROJECT
from config.platform.sample import SAMPLE_PORT, SampleConfig

if TYPE_CHECKING:
    from config.core.cluster import ClusterConfig

_SAMPLE = SampleConfig()
NAMESPACE, SERVICE = _SAMPLE.namespace, "quotes"
"""The Service: it has the pods of the sample, and another owner than the stack."""

_ENTRY = {"namespace": NAMESPACE, "service": SERVICE}

ADDED = "\n".join(
    f"+ {line}" for line in yaml.safe_dump([_ENTRY], sort_keys=False).strip().splitlines()
)
"""The lines that the stack file gets below `exports`."""

_EXISTS = 409


def with_second_export(content: Mapping[str, Any]) -> dict[str, Any]:
    """The content of a stack file whose first link also exports the second Service."""
    changed = copy.deepcopy(dict(content))
    changed["config"][f"{PROJECT}:links"][0]["exports"].append(dict(_ENTRY))
    return changed


def apply_service(cluster: ClusterConfig) -> None:
    """Create the second Service in a cluster, or leave it as it is. Raises VerbError."""
    from kubernetes import client
    from kubernetes.client.exceptions import ApiException

    from components.platform.sample_service import CONTAINER_PORT
    from kube import api_client

    body = client.V1Service(
        metadata=client.V1ObjectMeta(name=SERVICE),
        spec=client.V1ServiceSpec(
            selector={"app": _SAMPLE.name},
            ports=[client.V1ServicePort(port=SAMPLE_PORT, target_port=CONTAINER_PORT)],
        ),
    )
    with api_client(cluster) as api:
        try:
            client.CoreV1Api(api).create_namespaced_service(NAMESPACE, body)
        except ApiException as error:
            if error.status != _EXISTS:
                raise VerbError(
                    f"Service {NAMESPACE}/{SERVICE} cannot be created ({error.reason})"
                ) from None
