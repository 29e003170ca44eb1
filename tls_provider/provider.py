"""The provider: what the engine asks of it for each resource.

Facts: the life of a resource in pulumi-tls 5.5: every input but `earlyRenewalHours` replaces it,
and so does a certificate that is due for renewal; nothing exists outside of the state.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from pulumi.provider.experimental.property_value import PropertyValue
from pulumi.provider.experimental.provider import (
    CheckFailure,
    CheckRequest,
    CheckResponse,
    ConfigureRequest,
    ConfigureResponse,
    CreateRequest,
    CreateResponse,
    DeleteRequest,
    DiffRequest,
    DiffResponse,
    PropertyDiff,
    PropertyDiffKind,
    Provider,
    ReadRequest,
    ReadResponse,
    UpdateRequest,
    UpdateResponse,
)
from pulumi.runtime.rpc import UNKNOWN

from tls_provider import certificates

_UPDATED = "earlyRenewalHours"
"""The one input that is changed in place."""

_VALIDITY = ("certPem", "validityStartTime", "validityEndTime")
_OUTPUTS: Mapping[str, tuple[str, ...]] = {
    "PrivateKey": ("privateKeyPem", "privateKeyPemPkcs8"),
    "CertRequest": ("certRequestPem",),
    "SelfSignedCert": _VALIDITY,
    "LocallySignedCert": _VALIDITY,
}
"""What a resource has beside its inputs, by its kind."""
_SECRET = _OUTPUTS["PrivateKey"]

Values = dict[str, PropertyValue]


class TlsPlugin(Provider):
    """The resources of pulumi-tls that `components/trust` declares.

    `now` returns the current time, with a time zone.
    """

    def __init__(self, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._now = now

    async def configure(self, request: ConfigureRequest) -> ConfigureResponse:
        """Ask for secrets as such; values that are not known yet then come as `UNKNOWN`."""
        return ConfigureResponse(accept_secrets=True, supports_preview=True)

    async def check(self, request: CheckRequest) -> CheckResponse:
        """Accept the inputs, or name those that are not supported."""
        inputs = request.new_inputs
        known = {key: value for key, value in _plain_map(inputs).items() if value != UNKNOWN}
        failures = [
            CheckFailure(field, error.message)
            for field, error in certificates.unsupported(_kind(request), known)
        ]
        return CheckResponse(inputs, failures)

    async def diff(self, request: DiffRequest) -> DiffResponse:
        """What differs from the state, and whether that replaces the resource."""
        old, new = _plain_map(request.old_state), _plain_map(request.new_inputs)
        inputs = old.keys() - {*_OUTPUTS.get(_kind(request), ())}
        changed = sorted(key for key in inputs | new.keys() if old.get(key) != new.get(key))
        replaces = [key for key in changed if key != _UPDATED]
        if not replaces and self._due(old, new):
            replaces = ["validityEndTime"]
        kinds = {
            key: PropertyDiffKind.UPDATE if key == _UPDATED else PropertyDiffKind.UPDATE_REPLACE
            for key in {*changed, *replaces}
        }
        return DiffResponse(
            changes=bool(kinds),
            replaces=replaces,
            diffs=sorted(kinds),
            detailed_diff={
                key: PropertyDiff(kind, input_diff=key in changed) for key, kind in kinds.items()
            },
        )

    async def create(self, request: CreateRequest) -> CreateResponse:
        """Make the key or certificate; in a preview its outputs are unknown."""
        kind = _kind(request)
        if request.preview:
            unknown = {key: PropertyValue(UNKNOWN) for key in _OUTPUTS[kind]}
            return CreateResponse(None, {**request.properties, **unknown})
        made = certificates.make(kind, _plain_map(request.properties), self._now())
        outputs = {
            key: PropertyValue(made[key], is_secret=key in _SECRET) for key in _OUTPUTS[kind]
        }
        text = "".join(made[key] for key in _OUTPUTS[kind])
        return CreateResponse(
            hashlib.sha256(text.encode()).hexdigest()[:40], {**request.properties, **outputs}
        )

    async def read(self, request: ReadRequest) -> ReadResponse:
        """The state as it is: a refresh finds no difference."""
        return ReadResponse(request.resource_id, request.properties, request.inputs)

    async def update(self, request: UpdateRequest) -> UpdateResponse:
        """Take over inputs that need no new key or certificate."""
        return UpdateResponse({**request.olds, **request.news})

    async def delete(self, request: DeleteRequest) -> None:
        """Nothing exists outside of the state."""

    async def cancel(self) -> None:
        """No request lasts long enough to be cancelled."""

    def _due(self, old: Mapping[str, Any], new: Mapping[str, Any]) -> bool:
        """Whether a certificate is within its last `earlyRenewalHours`, or has expired."""
        if "validityEndTime" not in old:
            return False
        early = timedelta(hours=new.get(_UPDATED) or 0)
        return self._now() >= datetime.fromisoformat(old["validityEndTime"]) - early


def _kind(request: CheckRequest | DiffRequest | CreateRequest) -> str:
    return request.type.rpartition(":")[2]


def _plain_map(values: Mapping[str, PropertyValue]) -> dict[str, Any]:
    return {key: _plain(value) for key, value in values.items() if value.value is not None}


def _plain(value: PropertyValue) -> Any:
    inner = value.value
    if isinstance(inner, Mapping):
        return _plain_map(inner)
    if isinstance(inner, (list, tuple)):
        return [_plain(item) for item in inner]
    return inner
