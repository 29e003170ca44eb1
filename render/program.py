"""The program run offline: the same components, under the recorder."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import cache
from typing import Any

import pulumi
from pulumi.runtime import resource, settings
from pulumi.runtime.proto import source_pb2
from pulumi.runtime.rpc_manager import RPCManager
from pulumi.runtime.stack import register_stack_transformation, run_in_stack

from charts import ChartSource
from components import build_mesh
from config import PROJECT, MeshConfig
from config.core.api_server import ApiServer
from config.core.cluster import ClusterConfig
from kube import Endpoint, KubeconfigError, endpoint
from preflight import Reach
from render.certificates import TlsProvider
from render.cluster_answers import ClusterAnswers
from render.errors import RenderError
from render.placeholders import UNKNOWN
from render.recorder import Engine, Recorder
from render.registration import Recording

_RECORDING = contextvars.ContextVar("recording", default=False)

UNKNOWN_UID = "00000000-0000-0000-0000-000000000000"
"""UID of a cluster that was not asked and that the stack file does not pin."""


def record(
    config: MeshConfig,
    reach: Mapping[str, Reach],
    charts: ChartSource,
    answers: ClusterAnswers,
    *,
    tls: TlsProvider | None = None,
) -> Recording:
    """Everything that the program registers for this stack file.

    `reach` is what is known of each cluster (`offline_reach` where no cluster is asked), `charts`
    where charts come from, `answers` what clusters would answer. Recordings that share a `tls`
    have the same keys and certificates. Raises RenderError where the program raises
    pulumi.RunError, MissingChartsError and ManifestError where a published manifest cannot be
    read.
    """

    def program() -> None:
        # No engine installs a release here, so that none can be missing afterwards.
        known = {name: replace(one, absent_releases=frozenset()) for name, one in reach.items()}
        mesh = build_mesh(config, known, charts)
        for name, value in mesh.outputs().items():
            pulumi.export(name, value)

    return record_program(program, answers, tls=tls)


def record_program(
    program: Callable[[], object],
    answers: ClusterAnswers,
    *,
    tls: TlsProvider | None = None,
    stack: str = "render",
) -> Recording:
    """What any program registers; it may be called anywhere, as often as one likes.

    The program runs in a thread, a context and an event loop of its own, so that neither a loop
    nor runtime settings of the caller are touched. Raises RenderError where the program raises
    RunError; other errors as they are.
    """
    _find_positions_elsewhere_alone()
    recorder = Recorder(answers, tls or TlsProvider())
    failures: list[BaseException] = []

    async def main() -> None:
        def declared() -> None:
            register_stack_transformation(recorder.declare)
            program()

        # One failure makes many tasks fail; it is raised, and the rest need not be logged as well.
        asyncio.get_running_loop().set_exception_handler(lambda *_: None)
        await run_in_stack(declared)

    def run() -> None:
        _RECORDING.set(True)
        try:
            with _runtime(recorder, stack):
                asyncio.run(main())
        except BaseException as error:
            failures.append(error)

    thread = threading.Thread(
        target=contextvars.Context().run, args=(run,), name="render", daemon=True
    )
    thread.start()
    thread.join()
    if failures:
        if isinstance(failures[0], pulumi.RunError):
            raise RenderError(str(failures[0])) from None
        raise failures[0]
    return recorder.recording()


def offline_reach(config: MeshConfig) -> dict[str, Reach]:
    """What is known of each cluster without asking it.

    Server and CA are those of the stack file or else the kubeconfig, UIDs those pinned; where
    there is none, a placeholder.
    """
    return {
        name: Reach(
            _offline_endpoint(name, cluster),
            cluster.uid or UNKNOWN_UID,
            tokens={link.name: UNKNOWN for link in config.links_from(name)},
        )
        for name, cluster in config.clusters.items()
    }


def _offline_endpoint(name: str, cluster: ClusterConfig) -> Endpoint:
    try:
        return endpoint(cluster)
    except KubeconfigError:
        given = cluster.api_server or ApiServer()
        address = given.address or f"https://{name}.{UNKNOWN}.invalid"
        return Endpoint(
            address, given.certificate_authority, given.tls_server_name, given.proxy_url
        )


@cache
def _find_positions_elsewhere_alone() -> None:
    """Recorded resources have no positions in source files; to find them is a fifth of a run."""
    original = resource._get_stack_trace

    def stack_trace() -> source_pb2.StackTrace:
        return source_pb2.StackTrace() if _RECORDING.get() else original()

    resource._get_stack_trace = stack_trace


@contextlib.contextmanager
def _runtime(recorder: Recorder, stack: str) -> Iterator[None]:
    """The SDK's settings for one run.

    They live in the context, but the first value set anywhere also becomes the default of all
    other contexts, so what was there before is put back.
    """
    values: dict[str, Any] = {
        "rpc_manager": RPCManager(),  # type: ignore[no-untyped-call]
        "monitor": recorder,
        "monitor_features": recorder.features(),
        "engine": Engine(recorder),
        "project": PROJECT,
        "stack": stack,
        "organization": None,
        "root_directory": None,
        "parallel": None,
        "dry_run": False,
        "legacy_apply_enabled": False,
        "outputs": set(),
        "lock": threading.Lock(),
        "callbacks": None,
    }
    before = {key: getattr(settings.SETTINGS, key) for key in values}
    for key, value in values.items():
        setattr(settings.SETTINGS, key, value)
    try:
        yield
    finally:
        for key, value in before.items():
            # Only a value set over None becomes the default again.
            setattr(settings.SETTINGS, key, None)
            setattr(settings.SETTINGS, key, value)
