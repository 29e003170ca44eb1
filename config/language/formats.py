"""The formats that values in a stack file have, each with its check and its JSON Schema.

Sources: the Kubernetes API conventions (names, quantities), RFC 1035/1123/3986/4632.
"""

from __future__ import annotations

import ipaddress
import json
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Annotated, Any
from urllib.parse import urlsplit

from cryptography import x509
from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    JsonValue,
    PlainValidator,
    SecretStr,
    WithJsonSchema,
)
from pydantic_core import PydanticCustomError

from config.language.problems import Problem, all_wrong, join, quoted, step, wrong

UNREADABLE_SECRET = "[secret]"
"""In place of a value that is encrypted in the stack file; only the engine can decrypt it."""

LABEL_PATTERN = "[a-z0-9]([-a-z0-9]*[a-z0-9])?"
NAME_PATTERN = rf"{LABEL_PATTERN}(\.{LABEL_PATTERN})*"
_LABEL = re.compile(LABEL_PATTERN)
_PRIVATE_KEY = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----")


def _text_schema(pattern: str, longest: int, example: str) -> WithJsonSchema:
    return WithJsonSchema(
        {
            "type": "string",
            "pattern": f"^{pattern}$",
            "maxLength": longest,
            "examples": [example],
        }
    )


def is_dns_label(value: str) -> bool:
    """Whether a text is one label of a DNS name (RFC 1123)."""
    return len(value) <= 63 and _LABEL.fullmatch(value) is not None


def _dns_label(value: str) -> str:
    if not is_dns_label(value):
        raise wrong(
            f"{quoted(value)} is not a DNS label",
            "write at most 63 lower-case letters, digits and '-', "
            "beginning and ending with a letter or digit",
        )
    return value


def _service_name(value: str) -> str:
    if len(value) > 63 or not _LABEL.fullmatch(value) or value[0].isdigit():
        raise wrong(
            f"{quoted(value)} is not the name of a Service",
            "write at most 63 lower-case letters, digits and '-', beginning with a letter "
            "and ending with a letter or digit",
        )
    return value


def is_dns_name(value: str) -> bool:
    """Whether `value` is labels joined by dots (RFC 1123), 253 characters at most."""
    labels = value.split(".")
    return len(value) <= 253 and all(
        _LABEL.fullmatch(label) and len(label) <= 63 for label in labels
    )


def _dns_name(value: str) -> str:
    if not is_dns_name(value):
        raise wrong(
            f"{quoted(value)} is not a DNS name",
            "write lower-case labels joined by single dots, without a dot at the end, "
            "for example cluster.local",
        )
    return value


def _host_glob(value: str) -> str:
    bare = value.removeprefix("*.") if value != "*" else "a"
    bare = bare.removesuffix(".*")
    host, colon, port = bare.partition(":")
    if colon and not _is_port(port):
        raise wrong(f"{quoted(value)} has no valid port", "write a port from 1 to 65535, or none")
    if not is_dns_name(host.lower()):
        raise wrong(
            f"{quoted(value)} is not a host name or glob",
            "write a host name such as www.example.com, '*.example.com' or '*'",
        )
    return value


def _is_port(text: str) -> bool:
    return re.fullmatch("[0-9]{1,5}", text) is not None and 0 < int(text) < 65536


def _network(value: str) -> str:
    try:
        if "/" not in value:
            raise ValueError("no prefix length")
        ipaddress.ip_network(value, strict=True)
    except ValueError:
        remedy = "write an address and a prefix length, for example 10.0.0.0/8"
        with suppress(ValueError):
            remedy = f"write {ipaddress.ip_network(value, strict=False)}"
        raise wrong(f"{quoted(value)} is not a network in CIDR form", remedy) from None
    return value


def _address(value: str) -> str:
    try:
        ipaddress.ip_address(value)
    except ValueError:
        if re.fullmatch(r"[0-9.]+", value):
            raise wrong(
                f"{quoted(value)} is not an IP address",
                "write four numbers from 0 to 255, for example 192.0.2.10",
            ) from None
        if not is_dns_name(value):
            raise wrong(
                f"{quoted(value)} is neither an IP address nor a DNS name",
                "write it without scheme and port, for example 192.0.2.10 or gateway.example.com",
            ) from None
    return value


def _ip_address(value: str) -> str:
    try:
        ipaddress.ip_address(value)
    except ValueError:
        raise wrong(
            f"{quoted(value)} is not an IP address", "write one address, for example 192.0.2.10"
        ) from None
    return value


QUANTITY_UNITS = {
    "m": 1e-3, "": 1.0, "k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12, "P": 1e15, "E": 1e18,
    "Ki": 2.0**10, "Mi": 2.0**20, "Gi": 2.0**30, "Ti": 2.0**40, "Pi": 2.0**50, "Ei": 2.0**60,
}  # fmt: skip
"""Units of Kubernetes quantities."""
_QUANTITY = re.compile(r"([0-9]{1,15}(?:\.[0-9]{1,9})?)([mkMGTPE]|[KMGTPE]i)?")


def _quantity(value: str) -> str:
    if not _QUANTITY.fullmatch(value):
        raise wrong(
            f"{quoted(value)} is not a Kubernetes quantity",
            "write a number with an optional unit, for example 100m (CPU) or 250Mi (memory)",
        )
    return value


def quantity(value: str) -> float:
    """A Kubernetes quantity as a number of cores or bytes; raises ValueError for any other text."""
    matched = _QUANTITY.fullmatch(value)
    if matched is None:
        raise ValueError("not a quantity")
    return float(matched[1]) * QUANTITY_UNITS[matched[2] or ""]


def _number_as_text(value: Any) -> Any:
    # YAML reads 'cpu: 1' as a number, which Kubernetes accepts as well.
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value


def numbers(version: str) -> tuple[int, ...]:
    """The three numbers of a chart version, for comparing it with another one.

    Raises ValueError: it has none.
    """
    bare = version.removeprefix("v").partition("-")[0].partition("+")[0]
    return tuple(map(int, bare.split(".")))


def matching(pattern: str, what: str, remedy: str) -> AfterValidator:
    """Accepts a text of a pattern; a message says of any other that it is not `what`."""

    def check(value: str) -> str:
        if not re.fullmatch(pattern, value):
            raise wrong(f"{quoted(value)} is not {what}", remedy)
        return value

    return AfterValidator(check)


def chart_version(example: str) -> AfterValidator:
    """Accepts the exact version of a chart; a remedy gives `example`, or that of a release."""

    def check(value: str) -> str:
        if not re.fullmatch(_VERSION_PATTERN, value):
            release = re.fullmatch(r"edge-([0-9]{2}\.[0-9]{1,2}\.[0-9]{1,3})", value)
            remedy = f'write the exact chart version in quotes, for example "{example}"'
            if release is not None:
                remedy = f'write "20{release[1]}"'
            raise wrong(f"{quoted(value)} is not a chart version", remedy)
        return value

    return AfterValidator(check)


_VERSION_PATTERN = r"v?([0-9]{1,9}\.){2}[0-9]{1,9}([-+][0-9A-Za-z.+-]{1,80})?"


def _path(value: str) -> str:
    if not re.fullmatch(r"/[A-Za-z0-9._~!$&'()*+,;=:@%/-]*", value):
        fitting = "/" + re.sub(r"[^A-Za-z0-9._~/-]+", "-", value.strip()).strip("-/")
        raise wrong(
            f"{quoted(value)} is not the path of a URL",
            f"write a path that begins with '/', for example {fitting[:40]}",
        )
    return value


def url(schemes: tuple[str, ...], remedy: str, *, bare: bool = False) -> AfterValidator:
    """Accepts a URL with one of `schemes`; a `bare` one loses slashes at its end."""

    def check(value: str) -> str:
        complaint = url_complaint(value, schemes)
        if complaint is not None:
            raise wrong(f"{quoted(value)} {complaint}", remedy)
        return value.rstrip("/") if bare else value

    return AfterValidator(check)


def url_complaint(value: str, schemes: tuple[str, ...]) -> str | None:
    """Why `value` is not a URL with one of `schemes`, as the end of a sentence; else None."""
    try:
        parts = urlsplit(value)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return "is not a URL"
    if parts.username is not None or parts.password is not None:
        return "contains a user name or password, which would be shown"
    if parts.scheme not in schemes:
        return f"does not begin with {' or '.join(f'{scheme}://' for scheme in schemes)}"
    if not host or re.search(r"[^!-~]", value):
        return "is not a URL"
    try:
        ipaddress.ip_address(host)
    except ValueError:
        if not is_dns_name(host.lower()):
            return "has no host"
    if parts.query or parts.fragment:
        return "has a query or a fragment"
    return None


_UID_PATTERN = "[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"


def _line(value: str) -> str:
    if not value.strip() or not value.isprintable():
        raise wrong(
            "this text is empty" if not value.strip() else "this text contains control characters",
            "write one line of plain text",
        )
    return value


def _image(value: str) -> str:
    if not re.fullmatch(_IMAGE_PATTERN, value) or len(value) > 255:
        raise wrong(
            f"{quoted(value)} is not an image or registry name",
            "write it without scheme, spaces or a slash at the end, "
            "for example registry.example.com/mirror",
        )
    return value


_IMAGE_PATTERN = "[a-zA-Z0-9]((/?[a-zA-Z0-9._:@-])*/?[a-zA-Z0-9])?"
_QUALIFIED_PATTERN = "[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?"


def is_qualified_name(value: str) -> bool:
    """Whether `value` may be the key of an annotation or label, with or without a prefix."""
    prefix, slash, name = value.rpartition("/")
    return (not slash or is_dns_name(prefix)) and re.fullmatch(_QUALIFIED_PATTERN, name) is not None


def _key_of(what: str) -> AfterValidator:
    def check(value: str) -> str:
        if not is_qualified_name(value):
            raise wrong(
                f"this is not the key of {what}",
                "write a name of at most 63 letters, digits, '-', '_' and '.', with an optional "
                "prefix, for example example.com/name",
            )
        return value

    return AfterValidator(check)


def _key_or_group(value: str) -> str:
    prefix = value.removesuffix("/*")
    fitting = is_dns_name(prefix) if prefix != value else is_qualified_name(value)
    if not fitting:
        raise wrong(
            "this is not the key of a label or annotation, nor a group of keys",
            "write a key such as example.com/name, or example.com/* for all keys with this prefix",
        )
    return value


def _label_value(value: str) -> str:
    if value and not re.fullmatch(_QUALIFIED_PATTERN, value):
        raise wrong(
            f"{quoted(value)} is not the value of a label",
            "write at most 63 letters, digits, '-', '_' and '.', beginning and ending with a "
            "letter or digit",
        )
    return value


def _host_and_port(value: str) -> str:
    host, _, port = value.rpartition(":")
    if not is_dns_name(host.lower()) or not _is_port(port):
        raise wrong(
            f"{quoted(value)} is not a host with its port",
            "write it without scheme, for example redis.shop.svc.cluster.local:6379",
        )
    return value


def _token(value: SecretStr) -> SecretStr:
    if not re.fullmatch(r"[!-~]+", value.get_secret_value()):
        raise wrong(
            "this is not a one-line licence or token",
            "set it without spaces and line ends, with `pulumi config set --secret --path`",
        )
    return value


def _balancer_class(value: str) -> str:
    if not is_qualified_name(value):
        raise wrong(
            f"{quoted(value)} is not a load-balancer class",
            "write the class from the documentation of its controller, for example "
            "service.k8s.aws/nlb",
        )
    return value


def _certificates(value: str) -> str:
    if _PRIVATE_KEY.search(value):
        raise wrong(
            "this is a private key, which would be shown",
            "keep only the certificates, and replace the key, because it is exposed",
        )
    try:
        x509.load_pem_x509_certificates(value.encode())
    except ValueError:
        raise wrong(
            "this is not a certificate in PEM form",
            "write the whole block that begins with -----BEGIN CERTIFICATE-----, after '|'",
        ) from None
    return value


def _secret(value: Any) -> Any:
    """In a stack file, `pulumi config set --secret` writes a mapping with one key."""
    return UNREADABLE_SECRET if is_encrypted(value) else value


def is_encrypted(value: object) -> bool:
    """Whether `value` is the mapping that the engine writes in a stack file for a secret."""
    return (
        isinstance(value, Mapping) and set(value) == {"secure"} and isinstance(value["secure"], str)
    )


def _docker_config(value: SecretStr) -> SecretStr:
    text = value.get_secret_value()
    if text == UNREADABLE_SECRET:
        return value
    try:
        content = json.loads(text)
    except (ValueError, RecursionError):
        content = None
    if not isinstance(content, dict) or not isinstance(content.get("auths"), dict):
        raise wrong(
            "this is not a Docker configuration",
            'write JSON of the form {"auths": {"<registry>": {"auth": "…"}}}, '
            "with `pulumi config set --secret --path`",
        )
    return value


def _plain(readers: str) -> PlainValidator:
    """Plain data by string keys, without secrets, which `readers` would see."""

    def check(value: Any) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise PydanticCustomError("dict_type", "a mapping is expected")
        found = list(_unfit_values(value, "", readers))
        if found:
            raise all_wrong(found)
        return {key: _copy(inner) for key, inner in value.items()}

    return PlainValidator(check)


def _copy(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _copy(inner) for key, inner in value.items()}
    return [_copy(inner) for inner in value] if isinstance(value, list) else value


def _unfit_values(value: Any, path: str, readers: str) -> Iterator[Problem]:
    if is_encrypted(value):
        yield Problem(
            path,
            f"this value is a secret, and {readers}",
            "keep it in a Kubernetes Secret and name that Secret in the values",
        )
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from _unfit_values(inner, join(path, step(str(key))), readers)
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _unfit_values(inner, join(path, step(index)), readers)
    elif isinstance(value, str) and _PRIVATE_KEY.search(value):
        yield Problem(
            path,
            f"this value is a private key, and {readers}",
            "keep it in a Kubernetes Secret; the program creates the Secrets of issuers and "
            "webhooks",
        )
    elif value is not None and not isinstance(value, str | int | float):
        yield Problem(
            path,
            "this is not a string, number, list or mapping",
            "write strings, numbers, lists and mappings",
        )


def _account(value: str) -> str:
    namespace, slash, name = value.partition("/")
    if not slash or not (name == "*" or is_dns_name(name)):
        raise wrong(
            f"{quoted(value)} is not a ServiceAccount",
            "write <namespace>/<name>, for example shop/web, or shop/* for all of that namespace",
        )
    _dns_label(namespace)
    return value


DnsLabel = Annotated[
    str, AfterValidator(_dns_label), _text_schema(LABEL_PATTERN, 63, "my-namespace")
]
"""One label of a DNS name (RFC 1123): the form of namespaces and cluster names."""
ServiceName = Annotated[
    str,
    AfterValidator(_service_name),
    _text_schema("[a-z]([-a-z0-9]*[a-z0-9])?", 63, "my-service"),
]
"""One label that begins with a letter (RFC 1035): the form of Services."""
Account = Annotated[
    str,
    AfterValidator(_account),
    _text_schema(rf"{LABEL_PATTERN}/(\*|{NAME_PATTERN})", 317, "shop/web"),
]
"""A ServiceAccount with its namespace; ``*`` is every one of the namespace."""
DnsName = Annotated[str, AfterValidator(_dns_name), _text_schema(NAME_PATTERN, 253, "my.name")]
"""Labels joined by dots (RFC 1123)."""
HostGlob = Annotated[str, AfterValidator(_host_glob)]
"""A host name that may begin or end with ``*``, as Emissary's ``hostname`` fields accept it."""
Network = Annotated[
    str,
    AfterValidator(_network),
    WithJsonSchema({"type": "string", "examples": ["10.0.0.0/8", "fd00::/8"]}),
]
"""A network in CIDR form (RFC 4632), IPv4 or IPv6."""
Address = Annotated[str, AfterValidator(_address)]
"""An IP address or a DNS name."""
IpAddress = Annotated[str, AfterValidator(_ip_address)]
"""An IP address, IPv4 or IPv6."""
Quantity = Annotated[
    str,
    BeforeValidator(_number_as_text),
    AfterValidator(_quantity),
    WithJsonSchema({"type": ["string", "number"], "examples": ["100m", "250Mi"]}),
]
"""A Kubernetes resource quantity."""
ChartVersion = Annotated[
    str,
    WithJsonSchema({"type": "string", "pattern": r"^v?\d+\.\d+\.\d+([-+][0-9A-Za-z.+-]+)?$"}),
]
"""The exact version of a chart, with a `chart_version`."""
UrlPath = Annotated[
    str, AfterValidator(_path), WithJsonSchema({"type": "string", "pattern": r"^/\S*$"})
]
"""The path of a URL with its leading slash."""
Port = Annotated[int, Field(ge=1, le=65535, strict=True)]
"""A TCP port."""
Flag = Annotated[bool, Field(strict=True)]
"""true or false; the engine reads YAML's yes and on as strings, which are refused."""
Uid = Annotated[
    str,
    matching(
        _UID_PATTERN,
        "the UID of a namespace",
        "write what `kubectl get namespace kube-system -o jsonpath='{.metadata.uid}'` prints",
    ),
    _text_schema(_UID_PATTERN, 36, "00000000-0000-4000-8000-000000000000"),
]
"""UID of an object in a cluster."""
Line = Annotated[str, AfterValidator(_line), WithJsonSchema({"type": "string", "minLength": 1})]
"""A text on one line that is not empty."""
Image = Annotated[str, AfterValidator(_image), _text_schema(_IMAGE_PATTERN, 255, "docker.io/me/it")]
"""Name of an image, its repository or its registry."""
_KEY_SCHEMA = WithJsonSchema(
    {"type": "string", "pattern": rf"^([^/]{{1,253}}/)?{_QUALIFIED_PATTERN}$"}
)
Annotations = dict[Annotated[str, _key_of("an annotation"), _KEY_SCHEMA], str]
"""Annotations of an object."""
LabelKey = Annotated[str, _key_of("a label"), _KEY_SCHEMA]
"""Key of a label."""
MetadataGlob = Annotated[
    str,
    AfterValidator(_key_or_group),
    WithJsonSchema(
        {
            "type": "string",
            "pattern": rf"^(([^/]{{1,253}}/)?{_QUALIFIED_PATTERN}|[^/]{{1,253}}/\*)$",
        }
    ),
]
"""Key of a label or an annotation, or ``<prefix>/*`` for all keys with a prefix."""
LabelValue = Annotated[
    str,
    AfterValidator(_label_value),
    WithJsonSchema({"type": "string", "pattern": f"^({_QUALIFIED_PATTERN})?$"}),
]
"""Value of a label (Kubernetes docs, "Labels and selectors")."""
Labels = dict[LabelKey, LabelValue]
"""Labels of an object."""
HostAndPort = Annotated[str, AfterValidator(_host_and_port)]
"""A host name and a port with a colon between."""
BalancerClass = Annotated[str, AfterValidator(_balancer_class)]
"""Class of a load balancer, as a Service names it."""
Certificates = Annotated[str, AfterValidator(_certificates)]
"""One or more certificates in PEM form."""
Secret = Annotated[
    SecretStr,
    BeforeValidator(_secret),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string", "writeOnly": True},
                {
                    "type": "object",
                    "properties": {
                        "secure": {
                            "type": "string",
                            "description": "Encrypted text, as `pulumi config set --secret` "
                            "writes it.",
                        }
                    },
                    "required": ["secure"],
                    "additionalProperties": False,
                },
            ]
        }
    ),
]
"""A string that is never shown; in a file either encrypted (``secure:``) or, for trials, plain."""
Token = Annotated[Secret, AfterValidator(_token)]
"""A secret on one line, such as a licence."""
DockerConfig = Annotated[Secret, AfterValidator(_docker_config)]
"""Logins for image registries: the content of a .dockerconfigjson."""
HelmValues = Annotated[
    dict[str, JsonValue],
    _plain("everyone who can read the Helm release can read its values"),
    WithJsonSchema({"type": "object"}),
]
"""Helm values of a chart; they override those that the program computes."""
ObjectSpec = Annotated[
    dict[str, JsonValue],
    _plain("everyone who can read the object can read its spec"),
    WithJsonSchema({"type": "object"}),
]
"""Fields of the ``spec`` of an object, which are added to those that the program writes."""
