"""The base of all models and the field types that they share.

Formats come from the Kubernetes API conventions (names, quantities) and RFC 1035/1123/4632.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    JsonValue,
    SecretStr,
    WithJsonSchema,
)
from pydantic.alias_generators import to_camel
from pydantic_core import PydanticCustomError

UNREADABLE_SECRET = "[secret]"
"""Stands for a value that the stack file holds encrypted and that only the engine can read."""


class Model(BaseModel):
    """A frozen piece of a stack file: camelCase keys, unknown keys refused."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        alias_generator=to_camel,
        validate_by_name=True,
        validate_by_alias=True,
        validate_default=True,
        use_attribute_docstrings=True,
        hide_input_in_errors=True,
        strict=False,
    )


def wrong(message: str, remedy: str) -> PydanticCustomError:
    """An error for a validator to raise, with the remedy that the user is to read."""
    # Braces in a message would be taken as placeholders by pydantic's formatting.
    return PydanticCustomError("stack_file", "{what}", {"what": message, "remedy": remedy})


_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")


def _dns_label(value: str) -> str:
    if len(value) > 63 or not _LABEL.fullmatch(value):
        raise wrong(
            f"'{value[:80]}' is not a DNS label",
            "write at most 63 lower-case letters, digits and '-', "
            "beginning and ending with a letter or digit",
        )
    return value


def _dns_name(value: str) -> str:
    labels = value.split(".")
    if len(value) > 253 or not all(_LABEL.fullmatch(part) and len(part) <= 63 for part in labels):
        raise wrong(
            f"'{value[:80]}' is not a DNS name",
            "write lower-case labels joined by single dots, without a dot at the end, "
            "for example cluster.local",
        )
    return value


def _host_glob(value: str) -> str:
    bare = value.removeprefix("*.") if value != "*" else "a"
    bare = bare.removesuffix(".*")
    host, _, port = bare.partition(":")
    if port and not (port.isdigit() and 0 < int(port) < 65536):
        raise wrong(f"'{value[:80]}' has no valid port", "write a port from 1 to 65535, or none")
    try:
        _dns_name(host.lower())
    except PydanticCustomError:
        raise wrong(
            f"'{value[:80]}' is not a host name or glob",
            "write a host name such as www.example.com, '*.example.com' or '*'",
        ) from None
    return value


def _network(value: str) -> str:
    try:
        ipaddress.ip_network(value, strict=True)
    except ValueError:
        remedy = "write an address and a prefix length, for example 10.0.0.0/8"
        try:
            fitting = ipaddress.ip_network(value, strict=False)
        except ValueError:
            pass
        else:
            remedy = f"write {fitting}"
        raise wrong(f"'{value[:80]}' is not a network in CIDR form", remedy) from None
    return value


def _address(value: str) -> str:
    try:
        ipaddress.ip_address(value)
    except ValueError:
        if re.fullmatch(r"[0-9.]+", value):
            raise wrong(
                f"'{value[:80]}' is not an IP address", "write four numbers to 255"
            ) from None
        return _dns_name(value)
    return value


def _quantity(value: str) -> str:
    if not re.fullmatch(r"[0-9]+(\.[0-9]+)?(m|k|M|G|T|P|E|Ki|Mi|Gi|Ti|Pi|Ei)?", value):
        raise wrong(
            f"'{value[:40]}' is not a Kubernetes quantity",
            "write a number with an optional unit, for example 100m (CPU) or 250Mi (memory)",
        )
    return value


def _text(value: Any) -> Any:
    # YAML reads 'cpu: 1' as a number, which Kubernetes takes as well.
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value


def _version(value: str) -> str:
    if not re.fullmatch(r"v?\d+\.\d+\.\d+([-+][0-9A-Za-z.+-]+)?", value):
        raise wrong(
            f"'{value[:40]}' is not a chart version",
            'write the exact chart version in quotes, for example "2026.8.3"',
        )
    return value


def _path(value: str) -> str:
    if not value.startswith("/") or re.search(r"\s", value):
        raise wrong(f"'{value[:80]}' is not an absolute path", f"write '/{value.strip()[:80]}'")
    return value


def _secret(value: Any) -> Any:
    """What `pulumi config set --secret` leaves in a stack file is a mapping with one key."""
    if isinstance(value, Mapping) and set(value) == {"secure"}:
        return UNREADABLE_SECRET
    return value


DnsLabel = Annotated[str, AfterValidator(_dns_label)]
"""One label of a DNS name (RFC 1123): the form of namespaces, Services and cluster names."""
DnsName = Annotated[str, AfterValidator(_dns_name)]
"""Labels joined by dots (RFC 1123)."""
HostGlob = Annotated[str, AfterValidator(_host_glob)]
"""A host name that may begin or end with ``*``, as Emissary's ``hostname`` fields take it."""
Network = Annotated[str, AfterValidator(_network)]
"""A network in CIDR form (RFC 4632), IPv4 or IPv6."""
Address = Annotated[str, AfterValidator(_address)]
"""An IP address or a DNS name."""
Quantity = Annotated[str, BeforeValidator(_text), AfterValidator(_quantity)]
"""A Kubernetes resource quantity."""
ChartVersion = Annotated[str, AfterValidator(_version)]
"""The exact version of a chart."""
UrlPath = Annotated[str, AfterValidator(_path)]
"""The path of a URL with its leading slash."""
Port = Annotated[int, Field(ge=1, le=65535, strict=True)]
"""A TCP port."""
Secret = Annotated[
    SecretStr,
    BeforeValidator(_secret),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string", "writeOnly": True},
                {
                    "type": "object",
                    "properties": {"secure": {"type": "string"}},
                    "required": ["secure"],
                    "additionalProperties": False,
                },
            ]
        }
    ),
]
"""A text that is never shown; in a file either encrypted (``secure:``) or, for trials, plain."""


def _no_secrets(value: Any, path: str = "") -> Any:
    if isinstance(value, Mapping):
        if set(value) == {"secure"}:
            raise wrong(
                f"a secret among Helm values ({path.lstrip('.')}) would be shown to whoever may "
                "read the release",
                "keep it in a Kubernetes Secret and name that Secret in the values",
            )
        for key, inner in value.items():
            _no_secrets(inner, f"{path}.{key}")
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            _no_secrets(inner, f"{path}[{index}]")
    return value


HelmValues = Annotated[dict[str, JsonValue], BeforeValidator(_no_secrets)]
"""Values handed to a chart; they win over those that the program computes."""


class Resources(Model):
    """Requests and limits of a container."""

    cpu_request: Quantity | None = None
    """CPU that the scheduler sets aside, for example ``100m``."""
    cpu_limit: Quantity | None = None
    """CPU that the container may use at most."""
    memory_request: Quantity | None = None
    """Memory that the scheduler sets aside, for example ``20Mi``."""
    memory_limit: Quantity | None = None
    """Memory above which the container is ended."""


class PullSecret(Model):
    """The login for an image registry."""

    name: DnsName
    """Name of the Secret of type kubernetes.io/dockerconfigjson, in each of our namespaces."""
    docker_config_json: Secret | None = None
    """Its content; when left out, the Secret is expected to be there already."""
