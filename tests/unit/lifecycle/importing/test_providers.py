"""The server in the place of a provider: forwards, reads, and changes nothing."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

import grpc  # type: ignore[import-untyped]
import pytest
from google.protobuf import empty_pb2  # type: ignore[import-untyped]
from pulumi.runtime.proto import provider_pb2, provider_pb2_grpc

from lifecycle.importing.providers import Call, ReadingProviders, read
from render.protobuf import encoded

PROGRAM = """#!{python}
import sys
from concurrent.futures import ThreadPoolExecutor
import grpc
from google.protobuf import any_pb2, empty_pb2
from pulumi.runtime.proto import plugin_pb2, provider_pb2, provider_pb2_grpc, status_pb2

class Provider(provider_pb2_grpc.ResourceProviderServicer):
    def Handshake(self, request, context):
        return provider_pb2.ProviderHandshakeResponse()

    def GetPluginInfo(self, request, context):
        return plugin_pb2.PluginInfo(version=sys.argv[1])

    def Update(self, request, context):
        return provider_pb2.UpdateResponse()

    def Delete(self, request, context):
        return empty_pb2.Empty()

    def Create(self, request, context):
        return provider_pb2.CreateResponse(id="created by the provider")

    def Read(self, request, context):
        if request.id == "unready":
            detail = any_pb2.Any()
            detail.Pack(provider_pb2.ErrorResourceInitFailed(id="unready", reasons=["starting"]))
            status = status_pb2.Status(code=2, message="not ready", details=[detail])
            context.set_trailing_metadata([("grpc-status-details-bin", status.SerializeToString())])
            context.abort(grpc.StatusCode.UNKNOWN, "not ready")
        if request.id == "broken":
            context.abort(grpc.StatusCode.INTERNAL, "broken")
        return provider_pb2.ReadResponse(id=request.id)

server = grpc.server(ThreadPoolExecutor(4))
provider_pb2_grpc.add_ResourceProviderServicer_to_server(Provider(), server)
print(server.add_insecure_port("127.0.0.1:0"), flush=True)
server.start()
server.wait_for_termination()
"""


class Reading:
    """Reads what is to be created, by the URN as its id."""

    def create(self, request: Any, call: Call) -> Any:
        found = read(call, provider_pb2.ReadRequest(id=request.urn))
        return provider_pb2.CreateResponse(id=f"read {found.id}")

    def read(self, request: Any, call: Call) -> Any:
        return read(call, request)


@pytest.fixture(scope="module")
def providers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ReadingProviders]:
    program = tmp_path_factory.mktemp("provider") / "provider"
    program.write_text(PROGRAM.format(python=sys.executable))
    program.chmod(0o700)
    with ReadingProviders({"p": program}, {"PATH": "/usr/bin:/bin"}, {"p": Reading()}) as found:
        yield found


def connected(providers: ReadingProviders, engine: str) -> Any:
    """The provider as the engine at this address reaches it: a connection of its own."""
    name, port = providers.settings["PULUMI_DEBUG_PROVIDERS"].split(":")
    assert name == "p"
    options = [("grpc.use_local_subchannel_pool", 1), ("grpc.enable_http_proxy", 0)]
    channel = grpc.insecure_channel(f"127.0.0.1:{port}", options=options)
    stub: Any = provider_pb2_grpc.ResourceProviderStub(channel)
    stub.Handshake(provider_pb2.ProviderHandshakeRequest(engine_address=engine))
    return stub


def test_each_connection_has_a_process_of_its_own_that_knows_the_engine(
    providers: ReadingProviders,
) -> None:
    first, second = connected(providers, "one:1"), connected(providers, "two:2")
    for stub, engine in ((first, "one:1"), (second, "two:2"), (first, "one:1")):
        assert stub.GetPluginInfo(empty_pb2.Empty()).version == engine


def test_what_the_engine_creates_is_read(providers: ReadingProviders) -> None:
    stub = connected(providers, "one:1")
    request = provider_pb2.CreateRequest(urn="here", properties=encoded({}))
    assert stub.Create(request).id == "read here"
    assert stub.Read(provider_pb2.ReadRequest(id="there")).id == "there"


def test_what_exists_and_is_not_ready_is_read_too(providers: ReadingProviders) -> None:
    stub = connected(providers, "one:1")
    assert stub.Create(provider_pb2.CreateRequest(urn="unready")).id == "read unready"


def test_what_cannot_be_read_fails_with_the_provider_s_own_words(
    providers: ReadingProviders,
) -> None:
    stub = connected(providers, "one:1")
    with pytest.raises(grpc.RpcError) as caught:
        stub.Create(provider_pb2.CreateRequest(urn="broken"))
    assert (caught.value.code(), caught.value.details()) == (grpc.StatusCode.INTERNAL, "broken")


def test_nothing_is_changed_or_deleted(providers: ReadingProviders) -> None:
    stub = connected(providers, "one:1")
    for call, request in (
        (stub.Update, provider_pb2.UpdateRequest(id="x")),
        (stub.Delete, provider_pb2.DeleteRequest(id="x")),
        (stub.Construct, provider_pb2.ConstructRequest()),
        (stub.Call, provider_pb2.CallRequest()),
    ):
        with pytest.raises(grpc.RpcError) as caught:
            call(request)
        assert caught.value.code() is grpc.StatusCode.FAILED_PRECONDITION
