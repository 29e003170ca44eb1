"""Objects and Helm releases, read where the engine has Pulumi's provider create them.

Facts: pulumi-kubernetes 4.32, ``provider/pkg/provider``: a read that has the program's inputs keeps
in `__inputs` what of them the live object has; the next comparison is with the object of the state,
as far as `__inputs` has its fields (``provider.go``, Diff); of a release it reads the values into
its outputs alone, laid over those of the state.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from google.protobuf import struct_pb2  # type: ignore[import-untyped]
from pulumi.runtime.proto import provider_pb2

from kube.answers import items
from kube.token_login import KEY as KUBECONFIG
from kube.token_login import CredentialsFault, login_of
from lifecycle.importing.messages import as_found, name_of, opened, put, secret, type_of
from lifecycle.importing.owners import Refusal, refusals
from lifecycle.importing.providers import Call, read
from render.protobuf import decoded, encoded
from render.recorder import RELEASE
from render.registration import Registration
from vocabulary.linkerd import SECRET_REMOTE_KUBECONFIG

_INPUTS = "__inputs"
_MANAGER = "__fieldManager"
_PATCH = "Patch"
"""What the type of a patch of another owner's object ends in."""


class ExistingObjects:
    """Answers for the provider kubernetes, from what the clusters have.

    `trial` is what a trial run of the program registered: what does not exist is answered from it,
    so that the program goes on. `kubectl` is how command lines begin, by cluster.
    """

    def __init__(self, trial: Iterable[Registration], kubectl: Mapping[str, str]) -> None:
        self._trial = {(item.type, item.name): item for item in trial}
        self._kubectl = kubectl
        self.absent: set[str] = set()
        """URNs of what does not exist."""
        self.refused: list[Refusal] = []
        """What exists and cannot be imported as it is."""

    def create(self, request: Any, call: Call) -> Any:
        """The object or release as it exists; as the trial run had it where it does not."""
        inputs, _ = decoded(request.properties)
        if type_of(request.urn) == RELEASE:
            identity = f"{inputs['namespace']}/{inputs['name']}"
            found = _release(request, identity, call)
        else:
            metadata = inputs.get("metadata") or {}
            identity = "/".join(filter(None, [metadata.get("namespace"), metadata.get("name")]))
            message = provider_pb2.ReadRequest(
                id=identity, urn=request.urn, inputs=request.properties
            )
            found = read(call, message)
        if not found.id:
            self.absent.add(request.urn)
            return provider_pb2.CreateResponse(id=identity, properties=self._imagined(request.urn))
        if not type_of(request.urn).endswith(_PATCH):
            live, _ = decoded(found.properties)
            if _same_login(inputs, live):
                _take(found.properties, request.properties)
            for manager in _applied_by(live):
                put(found.properties, {_MANAGER: manager})
            cluster = self._registered(request.urn).cluster or ""
            self.refused += refusals(live, cluster, self._kubectl[cluster])
        return provider_pb2.CreateResponse(id=identity, properties=found.properties)

    def read(self, request: Any, call: Call) -> Any:
        """What the program reads; as the trial run had it where it does not exist."""
        found = read(call, request)
        if found.id:
            return found
        self.absent.add(request.urn)
        return provider_pb2.ReadResponse(id=request.id, properties=self._imagined(request.urn))

    def _imagined(self, urn: str) -> Any:
        outputs = self._registered(urn).outputs
        # None of it is kept; marked as secret, none of it is shown either.
        return encoded(outputs, outputs.keys())

    def _registered(self, urn: str) -> Registration:
        return self._trial[type_of(urn), name_of(urn)]


def _same_login(inputs: Mapping[str, Any], live: Mapping[str, Any]) -> bool:
    """Whether two Secrets have kubeconfigs that log in with one token to one API server."""
    if inputs.get("type") != SECRET_REMOTE_KUBECONFIG:
        return False
    try:
        return login_of(dict(inputs)) == login_of(dict(live))
    except CredentialsFault:
        return False


def _take(found: Any, asked: Any) -> None:
    """Compare the next update with the kubeconfig that is asked for.

    `linkerd multicluster link-gen` names its entries otherwise, and another text would be a
    replacement of the Secret.
    """
    wanted = opened(asked.fields["data"]).struct_value.fields[KUBECONFIG]
    for one in (found, opened(found.fields[_INPUTS]).struct_value):
        opened(one.fields["data"]).struct_value.fields[KUBECONFIG].CopyFrom(wanted)


def _applied_by(live: Mapping[str, Any]) -> Iterator[str]:
    """Under which name Pulumi applied an object; it then owns its fields under that name."""
    for entry in items(live, "metadata", "managedFields"):
        name = str(entry.get("manager"))
        if entry.get("operation") == "Apply" and name.startswith("pulumi-kubernetes"):
            yield name


def _release(request: Any, identity: str, call: Call) -> Any:
    """A Helm release, with the values and the version of the chart that it has."""
    state = struct_pb2.Struct()
    state.CopyFrom(request.properties)
    state.fields.pop("values", None)
    state.fields[_INPUTS].CopyFrom(secret(struct_pb2.Value(struct_value=request.properties)))
    found = read(
        call,
        provider_pb2.ReadRequest(
            id=identity, urn=request.urn, properties=state, inputs=request.properties
        ),
    )
    if found.id:
        known = opened(found.properties.fields[_INPUTS]).struct_value
        for key in ("values", "version"):
            asked = request.properties.fields.get(key, None)
            value = as_found(asked, opened(found.properties.fields[key]))
            found.properties.fields[key].CopyFrom(value)
            known.fields[key].CopyFrom(value)
    return found
