"""A resource monitor that records what a program registers and answers as providers would.

It is the SDK's mock monitor with the request itself kept: mocks see neither parents nor
dependencies nor protection.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any

import pulumi
from google.protobuf import empty_pb2  # type: ignore[import-untyped]
from pulumi.runtime.mocks import MockMonitor, MockResourceArgs, Mocks
from pulumi.runtime.proto import engine_pb2, resource_pb2

from render.certificates import TlsProvider
from render.cluster_answers import ClusterAnswers
from render.protobuf import decoded, encoded
from render.registration import PROVIDER_PREFIX, Recording, Registration, Timeouts
from vocabulary.kubernetes import SECRET_SERVICE_ACCOUNT_TOKEN

STACK_TYPE = "pulumi:pulumi:Stack"
RELEASE = "kubernetes:helm.sh/v3:Release"
SECRET = "kubernetes:core/v1:Secret"
SERVICE = "kubernetes:core/v1:Service"


class _NoMocks(Mocks):
    """The recorder answers itself; nothing may come through here."""

    def new_resource(self, args: MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        raise NotImplementedError(args.typ)

    def call(self, args: Any) -> tuple[dict[str, Any], list[tuple[str, str]] | None]:
        raise NotImplementedError(f"the program calls {args.token}, which needs an engine")


class Recorder(MockMonitor):
    """Records registrations; safe to be called from several threads, as the SDK does.

    Keys and certificates come from `tls`, what clusters know from `answers`.
    """

    def __init__(self, answers: ClusterAnswers, tls: TlsProvider) -> None:
        super().__init__(_NoMocks())
        self._answers = answers
        self._tls = tls
        self._lock = threading.Lock()
        self._found: dict[str, Registration] = {}
        self._declared: dict[tuple[str, str], int] = {}
        self._seen: set[str] = set()
        self._stack = Registration(STACK_TYPE, "", "", custom=False)
        self.warnings: list[str] = []
        """What the program warned of."""

    def declare(self, args: pulumi.ResourceTransformationArgs) -> None:
        """Note the order in which resources are declared; a stack transformation."""
        self._declared.setdefault((args.type_, args.name), len(self._declared))

    def recording(self) -> Recording:
        """What was registered, in the order in which the program declared it."""
        last = len(self._declared)
        return Recording(
            sorted(
                self._found.values(),
                key=lambda item: (self._declared.get((item.type, item.name), last), item.urn),
            ),
            self._stack.outputs,
            self._stack.secret_output_paths,
            frozenset(self._seen),
            list(self.warnings),
        )

    def features(self) -> set[int]:
        """What the SDK may ask of this monitor."""
        info = self.GetDeploymentInfo(empty_pb2.Empty())  # type: ignore[no-untyped-call]
        return set(info.supportedFeatures)

    def make_urn(self, parent: str, type_: str, name: str) -> str:
        """A URN as the engine forms it: the parents' types, the stack's left out."""
        if parent and parent != self._stack.urn:
            type_ = f"{parent.split('::')[2]}${type_}"
        stack, project = pulumi.get_stack(), pulumi.get_project()
        return f"urn:pulumi:{stack}::{project}::{type_}::{name}"

    def RegisterResource(
        self, request: resource_pb2.RegisterResourceRequest
    ) -> resource_pb2.RegisterResourceResponse:
        """Record a resource and answer with its outputs."""
        urn = self.make_urn(request.parent, request.type, request.name)
        if request.type == STACK_TYPE:
            self._stack.urn = urn
            return resource_pb2.RegisterResourceResponse(urn=urn)
        inputs, secret_paths = decoded(request.object)
        by_property = {
            key: frozenset(value.urns) for key, value in request.propertyDependencies.items()
        }
        timeouts = request.customTimeouts
        registration = Registration(
            type=request.type,
            name=request.name,
            urn=urn,
            parent=request.parent or None,
            custom=request.custom,
            provider=_provider_name(request.provider),
            inputs=inputs,
            secret_paths=secret_paths,
            depends_on=frozenset(request.dependencies).union(*by_property.values()),
            property_depends_on=by_property,
            protect=request.protect,
            delete_before_replace=request.deleteBeforeReplace,
            retain_on_delete=request.retainOnDelete,
            deleted_with=request.deletedWith or None,
            ignore_changes=tuple(request.ignoreChanges),
            replace_on_changes=tuple(request.replaceOnChanges),
            timeouts=Timeouts(
                timeouts.create or None, timeouts.update or None, timeouts.delete or None
            ),
            additional_secret_outputs=frozenset(request.additionalSecretOutputs),
        )
        if request.custom:
            registration.id, registration.outputs = self._answer(registration)
        self._keep(registration)
        return resource_pb2.RegisterResourceResponse(
            urn=urn, id=registration.id, object=_answered(registration)
        )

    def ReadResource(
        self, request: resource_pb2.ReadResourceRequest
    ) -> resource_pb2.ReadResourceResponse:
        """Record that the program reads a resource, and answer with its state."""
        inputs, secret_paths = decoded(request.properties)
        registration = Registration(
            type=request.type,
            name=request.name,
            urn=self.make_urn(request.parent, request.type, request.name),
            parent=request.parent or None,
            read=True,
            provider=_provider_name(request.provider),
            inputs=inputs,
            secret_paths=secret_paths,
            depends_on=frozenset(request.dependencies),
            additional_secret_outputs=frozenset(request.additionalSecretOutputs),
            id=request.id,
        )
        registration.outputs = dict(inputs)
        if registration.type == SERVICE and registration.cluster is not None:
            namespace, _, name = request.id.rpartition("/")
            status = self._answers.service(registration.cluster, namespace, name)
            metadata = {"name": name, "namespace": namespace}
            registration.outputs |= {"metadata": metadata, "status": dict(status)}
            self._seen.add(registration.urn)
        self._keep(registration)
        return resource_pb2.ReadResourceResponse(
            urn=registration.urn, properties=_answered(registration)
        )

    def RegisterResourceOutputs(
        self, request: resource_pb2.RegisterResourceOutputsRequest
    ) -> empty_pb2.Empty:
        """Record the outputs of a component, or of the stack."""
        owner = self._found.get(request.urn, self._stack)
        owner.outputs, owner.secret_output_paths = decoded(request.outputs)
        owner.outputs_registered = True
        return empty_pb2.Empty()

    def _keep(self, registration: Registration) -> None:
        with self._lock:
            if registration.urn in self._found:
                raise ValueError(f"two resources have the URN {registration.urn}")
            self._found[registration.urn] = registration

    def _answer(self, registration: Registration) -> tuple[str, dict[str, Any]]:
        inputs = registration.inputs
        if registration.type.startswith(PROVIDER_PREFIX):
            return f"{registration.name}-id", dict(inputs)
        if registration.type.startswith("tls:"):
            made = self._tls.make(registration.type, registration.name, inputs)
            return f"{registration.name}-id", made
        if registration.type == RELEASE:
            return f"{inputs['namespace']}/{inputs['name']}", {**inputs, "status": _status(inputs)}
        metadata = inputs.get("metadata") or {}
        name = str(metadata.get("name", registration.name))
        namespace = str(metadata.get("namespace", ""))
        outputs = dict(inputs)
        if _is_token(registration) and registration.cluster is not None:
            outputs["data"] = dict(self._answers.token(registration.cluster, namespace, name))
            self._seen.add(registration.urn)
        if _is_balanced(registration) and registration.cluster is not None:
            status = self._answers.service(registration.cluster, namespace, name)
            outputs["status"] = dict(status)
            self._seen.add(registration.urn)
        return f"{namespace}/{name}" if namespace else name, outputs


class Engine:
    """Receives the log of the program, and keeps warnings and errors."""

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder

    def Log(self, request: engine_pb2.LogRequest) -> empty_pb2.Empty:
        """Keep a message where it is a warning or an error."""
        if request.severity in (engine_pb2.WARNING, engine_pb2.ERROR):
            self._recorder.warnings.append(request.message)
        return empty_pb2.Empty()


def _is_token(registration: Registration) -> bool:
    return (
        registration.type == SECRET
        and registration.inputs.get("type") == SECRET_SERVICE_ACCOUNT_TOKEN
    )


def _is_balanced(registration: Registration) -> bool:
    """Whether a load balancer gives this Service an address that others may ask for."""
    spec = registration.inputs.get("spec") or {}
    return registration.type == SERVICE and spec.get("type") == "LoadBalancer"


def _status(inputs: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "name": inputs["name"],
        "namespace": inputs["namespace"],
        "status": "deployed",
        "revision": 1,
    }


def _provider_name(reference: str) -> str | None:
    """The logical name in ``<URN of the provider>::<its id>``."""
    return reference.rpartition("::")[0].rpartition("::")[2] if reference else None


def _answered(registration: Registration) -> Any:
    """Outputs with the secrets marked that the engine would mark.

    Those are the outputs that share a name with a secret input, and those that the SDK names.
    """
    return encoded(
        registration.outputs, registration.secrets | registration.additional_secret_outputs
    )
