"""A kubelet that is small enough to read: it runs the pods of `./mesh verify` as local processes.

It binds every pod to its node, mounts ConfigMaps and Secrets as folders, runs the container's
command, says that the pod is ready, and serves its log, which it cuts as often as a test wants. No
network, no image, no proxy: what a pod can reach is what this machine can.
"""

from __future__ import annotations

import base64
import json
import os
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
from contextlib import suppress
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from kubernetes import client

from local_clusters import LocalCluster
from tests.unit.checks.builders import certified

NODE = "runs-processes"


class SmallKubelet:
    """Runs every pod of one cluster. Use it in a with statement."""

    def __init__(self, cluster: LocalCluster, folder: Path) -> None:
        self._cluster, self._folder = cluster, folder
        self._ended = threading.Event()
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._logs: dict[str, Path] = {}
        self._threads: list[threading.Thread] = []
        self.cut_after = 0
        """Lines after which a log's stream is cut, each time after so many more; 0 for never."""
        self.cuts = 0
        """How often one was."""
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port: int = free.getsockname()[1]
            """Port that the server of a run gets on this machine."""

    def __enter__(self) -> SmallKubelet:
        self._serve_logs()
        with self._cluster.api() as api:
            core: Any = client.CoreV1Api(api)
            for node in core.list_node().items:
                core.patch_node(node.metadata.name, {"spec": {"unschedulable": True}})
            core.create_node({"metadata": {"name": NODE}})
            core.patch_node_status(
                NODE,
                {
                    "status": {
                        "addresses": [{"type": "InternalIP", "address": "127.0.0.1"}],
                        "daemonEndpoints": {"kubeletEndpoint": {"Port": self._port}},
                    }
                },
            )
        self._start(self._loop)
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._server.shutdown()
        for process in self._running.values():
            process.kill()
            process.wait()
        for thread in self._threads:
            thread.join(10)

    def _start(self, work: Any) -> None:
        thread = threading.Thread(target=work, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _loop(self) -> None:
        with self._cluster.api() as api:
            core: Any = client.CoreV1Api(api)
            while not self._ended.wait(0.2):
                for pod in core.list_pod_for_all_namespaces().items:
                    # What is gone by now, or not there yet, shows itself the next time.
                    with suppress(client.ApiException):
                        self._tend(core, pod)

    def _tend(self, core: Any, pod: Any) -> None:
        meta, uid = pod.metadata, pod.metadata.uid
        if meta.deletion_timestamp is not None:
            process = self._running.pop(uid, None)
            if process is not None:
                process.send_signal(signal.SIGTERM)
                try:
                    process.wait(10)
                except subprocess.TimeoutExpired:
                    process.kill()
            core.delete_namespaced_pod(meta.name, meta.namespace, grace_period_seconds=0)
            return
        if uid in self._running:
            return
        command = self._prepared(core, pod)
        log = self._folder / f"{uid}.log"
        self._logs[f"{meta.namespace}/{meta.name}"] = log
        with log.open("wb") as output:
            self._running[uid] = subprocess.Popen(
                command, stdout=output, stderr=output, env={**os.environ, "HOSTNAME": meta.name}
            )
        if not pod.spec.node_name:
            target = {"apiVersion": "v1", "kind": "Node", "name": NODE}
            core.create_namespaced_binding(
                meta.namespace,
                {"metadata": {"name": meta.name}, "target": target},
                _preload_content=False,
            )
        state = {"name": pod.spec.containers[0].name, "ready": True, "state": {"running": {}}}
        status = {
            "phase": "Running",
            "podIP": "127.0.0.1",
            "conditions": [{"type": "Ready", "status": "True"}],
            "containerStatuses": [
                {**state, "image": "", "imageID": "", "restartCount": 0, "started": True}
            ],
        }
        core.patch_namespaced_pod_status(meta.name, meta.namespace, {"status": status})

    def _prepared(self, core: Any, pod: Any) -> list[str]:
        """The container's command, with its mounts as folders here."""
        folder = self._folder / pod.metadata.uid
        container = pod.spec.containers[0]
        words = list(container.command)
        for volume in pod.spec.volumes or []:
            inside = folder / volume.name
            inside.mkdir(parents=True)
            mount = next(m.mount_path for m in container.volume_mounts if m.name == volume.name)
            if volume.config_map is not None:
                found = core.read_namespaced_config_map(
                    volume.config_map.name, pod.metadata.namespace
                )
                files = {key: text.encode() for key, text in found.data.items()}
            else:
                held = core.read_namespaced_secret(
                    volume.secret.secret_name, pod.metadata.namespace
                )
                files = {key: base64.b64decode(text) for key, text in held.data.items()}
            for name, data in files.items():
                (inside / name).write_bytes(self._with_port(pod.metadata.name, name, data))
            words = [word.replace(f"{mount}/", f"{inside}/") for word in words]
        return [sys.executable if word == "python3" else word for word in words]

    def _with_port(self, pod: str, name: str, data: bytes) -> bytes:
        """The plan of a server, with a port that is free on this machine."""
        if name != f"{pod}.json":
            return data
        plan = json.loads(data)
        if "serve" in plan:
            plan["serve"] = self.port
        return json.dumps(plan).encode()

    # Logs

    def _serve_logs(self) -> None:
        kubelet = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                parts = urlsplit(self.path)
                _, what, space, pod, _ = parts.path.split("/")
                log = kubelet._logs.get(f"{space}/{pod}")
                if what != "containerLogs" or log is None:
                    self.send_error(404)
                    return
                self.send_response(200)
                self.end_headers()
                follow = parse_qs(parts.query).get("follow") == ["true"]
                since = parse_qs(parts.query).get("sinceTime", ["1970-01-01T00:00:00Z"])[0]
                kubelet._stream(
                    log, self.wfile, datetime.fromisoformat(since).timestamp(), follow=follow
                )

            def log_message(self, *_: object) -> None:
                pass

        pair = certified("small kubelet")
        file = self._folder / "kubelet.pem"
        file.write_text(pair.key_pem + pair.pem)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(file)
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self._port = self._server.server_port
        self._start(self._server.serve_forever)

    def _stream(self, log: Path, output: Any, since: float, *, follow: bool) -> None:
        sent = 0
        with log.open("rb") as file:
            while not self._ended.is_set():
                line = file.readline()
                if not line.endswith(b"\n"):
                    file.seek(file.tell() - len(line))
                    if not follow:
                        return
                    time.sleep(0.05)
                    continue
                if json.loads(line)["at"] < since:
                    continue
                try:
                    output.write(line)
                    output.flush()
                except OSError:
                    return
                sent += 1
                if self.cut_after and sent >= self.cut_after * (self.cuts + 1):
                    self.cuts += 1
                    return
