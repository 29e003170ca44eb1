"""Pulumi's providers behind a server that has them read where the engine asks to create.

Facts: pulumi, ``pkg/resource/plugin/provider_plugin.go``: the engine connects to the ports that
PULUMI_DEBUG_PROVIDERS names instead of starting a provider, once for each provider of the program;
``proto/pulumi/provider.proto``: a resource that exists, but is not ready, is read with the error
ErrorResourceInitFailed, which has its properties.
"""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Lock
from typing import Any, Protocol

import grpc  # type: ignore[import-untyped]
from pulumi.runtime._grpc_settings import _GRPC_CHANNEL_OPTIONS
from pulumi.runtime.proto import provider_pb2, status_pb2

_SERVICE = "/pulumirpc.ResourceProvider/"
_CHANGES = ("Update", "Delete", "Construct", "Call")
_READ: Mapping[str, tuple[str, Any, Any]] = {
    "Create": ("create", provider_pb2.CreateRequest, provider_pb2.CreateResponse),
    "Read": ("read", provider_pb2.ReadRequest, provider_pb2.ReadResponse),
}
"""Methods that a reader answers: its own method, and the messages."""
_STATUS = "grpc-status-details-bin"
_THREADS = 32
_END_SECONDS = 5.0


class Call(Protocol):
    """Calls a method of the real provider. Raises grpc.RpcError."""

    def __call__(self, method: str, request: Any, response: Any) -> Any:
        """Send `request`, and return the answer as a message of the type `response`."""


class Reader(Protocol):
    """Finds what a resource of one provider is, where the engine asks to create it."""

    def create(self, request: Any, call: Call) -> Any:
        """The CreateResponse to a CreateRequest; changes nothing outside."""

    def read(self, request: Any, call: Call) -> Any:
        """The ReadResponse to a ReadRequest, for what the program only reads."""


class ReadingProviders:
    """Servers in the place of providers, for a block.

    `programs` are the real providers by package, `environment` is what they are started with.
    Creating is left to the package's reader; what would change or delete a resource fails.
    """

    def __init__(
        self,
        programs: Mapping[str, Path],
        environment: Mapping[str, str],
        readers: Mapping[str, Reader],
    ) -> None:
        self._handlers = {
            package: _Handler(program, dict(environment), readers[package])
            for package, program in programs.items()
        }
        self._servers: list[Any] = []
        self.settings: dict[str, str] = {}
        """Environment variables by which the engine finds the servers."""

    def __enter__(self) -> ReadingProviders:
        ports = {}
        for package, handler in self._handlers.items():
            server = grpc.server(ThreadPoolExecutor(_THREADS), options=_GRPC_CHANNEL_OPTIONS)
            server.add_generic_rpc_handlers((handler,))
            ports[package] = server.add_insecure_port("127.0.0.1:0")
            server.start()
            self._servers.append(server)
        listed = ",".join(f"{package}:{port}" for package, port in ports.items())
        self.settings = {"PULUMI_DEBUG_PROVIDERS": listed}
        return self

    def __exit__(self, *_: object) -> None:
        for server in self._servers:
            server.stop(None).wait()
        for handler in self._handlers.values():
            handler.end()


class _Handler(grpc.GenericRpcHandler):  # type: ignore[misc]
    """Forwards each connection of the engine to a process of the real provider."""

    def __init__(self, program: Path, environment: dict[str, str], reader: Reader) -> None:
        self._program = program
        self._environment = environment
        self._reader = reader
        self._lock = Lock()
        self._processes: list[subprocess.Popen[str]] = []
        self._channels: dict[str, Any] = {}

    def service(self, details: Any) -> Any:
        """How a call is answered, by its method."""
        name = details.method.removeprefix(_SERVICE)
        if name in _READ:
            answer, request, response = _READ[name]
            return grpc.unary_unary_rpc_method_handler(
                lambda message, context: self._answer(answer, message, context),
                request_deserializer=request.FromString,
                response_serializer=response.SerializeToString,
            )
        return grpc.unary_unary_rpc_method_handler(
            lambda request, context: self._forward(name, request, context)
        )

    def end(self) -> None:
        """End the real providers."""
        for channel in self._channels.values():
            channel.close()
        for process in self._processes:
            process.terminate()
        for process in self._processes:
            try:
                process.wait(_END_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def _forward(self, name: str, request: bytes, context: Any) -> bytes:
        if name in _CHANGES:
            context.abort(grpc.StatusCode.FAILED_PRECONDITION, "an import changes nothing")
        if name == "Handshake":
            address = provider_pb2.ProviderHandshakeRequest.FromString(request).engine_address
            self._start(context.peer(), address)
        if name == "Attach":
            # The real provider was started by its address.
            return b""
        try:
            answer: bytes = self._channels[context.peer()].unary_unary(_SERVICE + name)(request)
        except grpc.RpcError as error:
            context.set_trailing_metadata(
                [item for item in error.trailing_metadata() or () if item[0] == _STATUS]
            )
            context.abort(error.code(), error.details())
        return answer

    def _answer(self, how: str, request: Any, context: Any) -> Any:
        channel = self._channels[context.peer()]

        def call(method: str, message: Any, response: Any) -> Any:
            answer = channel.unary_unary(_SERVICE + method)(message.SerializeToString())
            return response.FromString(answer)

        try:
            return getattr(self._reader, how)(request, call)
        except grpc.RpcError as error:
            context.abort(error.code(), error.details())

    def _start(self, peer: str, engine: str) -> None:
        """Start the real provider for a connection of the engine."""
        process = subprocess.Popen(
            [str(self._program), engine],
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        assert process.stdout is not None
        # Without a port the process has ended, and each call fails as unavailable.
        port = process.stdout.readline().strip() or "0"
        options = [*_GRPC_CHANNEL_OPTIONS, ("grpc.enable_http_proxy", 0)]
        with self._lock:
            self._processes.append(process)
            self._channels[peer] = grpc.insecure_channel(f"127.0.0.1:{port}", options=options)


def read(call: Call, request: Any) -> Any:
    """The ReadResponse of the real provider, that of a resource which is not ready included.

    Raises grpc.RpcError.
    """
    try:
        return call("Read", request, provider_pb2.ReadResponse)
    except grpc.RpcError as error:
        found = _unready(error)
        if found is None:
            raise
        return provider_pb2.ReadResponse(
            id=found.id, properties=found.properties, inputs=found.inputs
        )


def _unready(error: Any) -> Any:
    for key, value in error.trailing_metadata() or ():
        if key == _STATUS:
            for detail in status_pb2.Status.FromString(value).details:
                found = provider_pb2.ErrorResourceInitFailed()
                if detail.Unpack(found):
                    return found
    return None
