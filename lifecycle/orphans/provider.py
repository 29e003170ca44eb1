"""A provider of one resource: what a service mirror writes into its source.

Creating it does nothing: the service mirror writes. Deleting it deletes what a service mirror
leaves behind, in an update without the link and in a destroy alike. The engine runs delete hooks of
resources in neither a plain destroy nor for programs of another run, and providers in both.

Facts: pulumi 3.260, ``proto/pulumi/provider.proto``; ``pkg/engine/destroy.go`` (newDestroySource).
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import grpc  # type: ignore[import-untyped]
from google.protobuf import empty_pb2  # type: ignore[import-untyped]
from google.protobuf.json_format import MessageToDict  # type: ignore[import-untyped]
from pulumi.runtime._grpc_settings import _GRPC_CHANNEL_OPTIONS
from pulumi.runtime.proto import plugin_pb2, provider_pb2, provider_pb2_grpc

from machine.parent import end_with_parent

VERSION = "1.0.0"
IDENTITY = ("cluster", "uid", "target")
"""Inputs whose change replaces the resource; the others say how to log in."""
FORGET = "PULUMI_K8S_DELETE_UNREACHABLE"
"""Variable by which Pulumi's Kubernetes provider forgets objects in an unreachable cluster."""

_GRACE_SECONDS = 60.0
_LOGGING_IN = threading.Lock()


class MirrorsPlugin(provider_pb2_grpc.ResourceProviderServicer):
    """The provider ``mesh`` with its resource ``mesh:index:MirroredServices``."""

    def GetPluginInfo(self, request: Any, context: Any) -> Any:
        """Its version."""
        return plugin_pb2.PluginInfo(version=VERSION)

    def CheckConfig(self, request: Any, context: Any) -> Any:
        """Accept the provider's own settings, of which it has none."""
        return provider_pb2.CheckResponse(inputs=request.news)

    def DiffConfig(self, request: Any, context: Any) -> Any:
        """Nothing that matters can change."""
        return provider_pb2.DiffResponse(changes=provider_pb2.DiffResponse.DIFF_NONE)

    def Configure(self, request: Any, context: Any) -> Any:
        """The engine keeps secrets as such where this provider gets them in plain text."""
        return provider_pb2.ConfigureResponse(supportsPreview=True)

    def Check(self, request: Any, context: Any) -> Any:
        """Accept the inputs."""
        return provider_pb2.CheckResponse(inputs=request.news)

    def Diff(self, request: Any, context: Any) -> Any:
        """What differs, and whether it is another service mirror now."""
        old, new = MessageToDict(request.olds), MessageToDict(request.news)
        changed = sorted(key for key in old.keys() | new.keys() if old.get(key) != new.get(key))
        kinds = provider_pb2.DiffResponse
        return provider_pb2.DiffResponse(
            changes=kinds.DIFF_SOME if changed else kinds.DIFF_NONE,
            diffs=changed,
            replaces=[key for key in changed if key in IDENTITY],
        )

    def Create(self, request: Any, context: Any) -> Any:
        """Take over the inputs."""
        values = MessageToDict(request.properties)
        name = "/".join(filter(None, (values.get("cluster"), values.get("target"))))
        return provider_pb2.CreateResponse(
            id="" if request.preview else name, properties=request.properties
        )

    def Read(self, request: Any, context: Any) -> Any:
        """The state as it is: a refresh finds no difference."""
        return provider_pb2.ReadResponse(
            id=request.id, properties=request.properties, inputs=request.inputs
        )

    def Update(self, request: Any, context: Any) -> Any:
        """Take over the inputs."""
        return provider_pb2.UpdateResponse(properties=request.news)

    def Delete(self, request: Any, context: Any) -> Any:
        """Delete what the service mirror left."""
        failure = delete(MessageToDict(request.properties))
        if failure is not None:
            context.abort(grpc.StatusCode.FAILED_PRECONDITION, failure)
        return empty_pb2.Empty()

    def Cancel(self, request: Any, context: Any) -> Any:
        """Let a deletion end: it needs seconds."""
        return empty_pb2.Empty()


def delete(values: Mapping[str, Any]) -> str | None:
    """Delete what the service mirror with these inputs left; why it could not, without secrets.

    None where it is done, or the cluster does not exist any more.
    """
    # A preview, and most updates, need none of this.
    from kubernetes.client.exceptions import ApiException
    from urllib3.exceptions import HTTPError

    from checks.facts.reading import Reader, RefusedError
    from kube.errors import KubeconfigError
    from kube.failures import why_silent
    from kube.kubeconfig import get_json
    from kube.paths import path_of
    from lifecycle.orphans.sweep import sweep
    from verify.cluster import Cluster, ClusterRefusedError
    from vocabulary.kinds import NAMESPACE

    cluster, target = str(values["cluster"]), str(values["target"])
    try:
        with _client(values) as api:
            found = get_json(api, path_of(NAMESPACE, name="kube-system"), (3.0, 10.0))
            if found.get("metadata", {}).get("uid") != values["uid"]:
                # What had this name was deleted, with everything in it.
                return None
            sweep(Cluster(cluster, api), Reader(api, 60.0), lambda other: other == target)
            return None
    except (ClusterRefusedError, RefusedError) as error:
        return str(error)
    except ApiException as error:
        return f"cluster '{cluster}': the API server answers with status {error.status}"
    except KubeconfigError as error:
        reason = error.message, error.remedy
    except (HTTPError, OSError) as error:
        reason = why_silent(error)
    if os.environ.get(FORGET) == "true":
        return None
    return (
        f"cluster '{cluster}': {reason[0]}; {reason[1]}. If the cluster is gone for good, "
        "see docs/removal.md"
    )


def _client(values: Mapping[str, Any]) -> Any:
    from pydantic import SecretStr

    from config.core.cluster import ClusterConfig
    from kube.kubeconfig import api_client

    context, kubeconfig = str(values["context"]), str(values["kubeconfig"])
    if "\n" in kubeconfig:
        # A content of this context alone, which the guard made of files that it could read.
        return api_client(ClusterConfig.model_construct(kubeconfig=SecretStr(kubeconfig)))
    with _LOGGING_IN:
        os.environ["KUBECONFIG"] = kubeconfig
        return api_client(ClusterConfig(context=context))


def main() -> None:
    """Serve the engine that starts this program, until that ends it."""
    end_with_parent()
    server = grpc.server(ThreadPoolExecutor(max_workers=8), options=_GRPC_CHANNEL_OPTIONS)
    # The engine interrupts its plugins at the end of a run, and when a user interrupts it: a
    # deletion ends first. Where a plugin does not end, the engine kills all and reports an error.
    signal.signal(signal.SIGINT, lambda *_: server.stop(_GRACE_SECONDS))
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(MirrorsPlugin(), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    print(port, flush=True)
    server.wait_for_termination()
