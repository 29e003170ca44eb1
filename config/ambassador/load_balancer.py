"""Annotations by which a cloud's load balancer changes the bytes that it forwards.

A gateway's ports carry mutual TLS between Linkerd's proxies: a PROXY protocol header before it, TLS
that the load balancer ends, or a protocol that it parses breaks every connection.

Facts: the annotations of cloud-provider-aws and the AWS Load Balancer Controller, of the cloud
controller managers of DigitalOcean, Linode, Scaleway, Hetzner, Vultr, Oracle and OpenStack (also
OVHcloud), and of cloud-provider-azure (Private Link Service). Load balancers of Google Cloud for
Services of type LoadBalancer forward packets, and have no such annotation.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

_OFF = {"", "false", "none", "off", "no", "0", "disabled", "tcp"}
_PARSED = ("http", "https", "http2", "http3", "grpc")
_BALANCER = re.compile(r"load-?balancer")
_PROXY_PROTOCOL = re.compile(r"proxy-?protocol|ppv2")
_PROTOCOL = re.compile(r"(?<!check-)protocol$")
_TLS_PORTS = re.compile(r"(ssl|tls|https?|http[23])-ports?$")
_OF_ONE_PORT = re.compile(r"-port-(\d+)$")
_PORT_SETTINGS = re.compile(r'"protocol": *"https?"|"proxy-protocol": *"v[12]"')

_NOT_SHARED = re.compile(
    # What a load balancer does with the public ports, their health checks included.
    r"ssl|tls|cert|protocol|ppv2|http|redirect|x-forwarded|alpn|health|check-|sticky|-ports$"
    r"|-port-\d+$|target-group-attributes$|enable-features$"
    # The name or the address of one load balancer, which a second Service cannot have.
    r"|^external-dns\.|hostname$|label-name$|-allocations$|p[il][ps]-name(-ipv6)?$"
    r"|(balancer|/)-?(name|id)$|port-id$"
    r"|(^|[-/]|balancer)(private-|reserved-)?(ips?|ipv[46])(-addresses|-ids)?$"
)
_VERSIONS = ("1", "2")
"""Numbers that are versions of the PROXY protocol, and no ports."""
_SETTINGS = {"true", "false"}
"""Values of annotations that are no name and no address, whatever they are called."""


def changing(annotations: Mapping[str, object], ports: Mapping[str, int]) -> list[str]:
    """The keys of annotations by which bytes on any of `ports` change.

    `ports` are numbers of ports of the Service by their names.
    """
    listed = {key.lower(): str(value).strip().lower() for key, value in annotations.items()}
    known = {*ports, *(str(number) for number in ports.values())}
    return [key for key in annotations if _changes(key.lower(), listed, known)]


def kept(annotations: Mapping[str, object]) -> dict[str, str]:
    """Annotations that a second Service of the same pods can have as well."""
    return {
        key: str(value)
        for key, value in annotations.items()
        if not _NOT_SHARED.search(key.lower())
        or (str(value).lower() in _SETTINGS and key.lower().endswith("-ip"))
    }


def _changes(key: str, annotations: Mapping[str, str], ports: set[str]) -> bool:
    value = annotations[key]
    if value in _OFF:
        return False
    if _PROXY_PROTOCOL.search(key):
        return _reaches(value, ports)
    if not _BALANCER.search(key):
        return False
    one = _OF_ONE_PORT.search(key)
    if one is not None:
        return one[1] in ports and _PORT_SETTINGS.search(value) is not None
    passed = any(k.endswith("tls-passthrough") and v == "true" for k, v in annotations.items())
    if _TLS_PORTS.search(key):
        # On AWS, the list belongs to the certificate, which is judged below.
        of_certificate = f"{key.removesuffix('ports')}cert" in annotations
        return not (passed or of_certificate) and _listed(value, ports)
    if _PROTOCOL.search(key):
        # On AWS, https and ssl of a backend follow from the certificate.
        alone = key.endswith("backend-protocol")
        return not passed and value in (("http", "http2", "grpc") if alone else _PARSED)
    if key.endswith("ssl-cert"):
        return _listed(annotations.get(f"{key.removesuffix('cert')}ports", "*"), ports)
    if key.endswith(("protocol-http", "certificate-ids")):
        return _reaches(value, ports)
    if key.endswith(("target-group-attributes", "enable-features")):
        return re.search(r"proxy_protocol_v2\.enabled *= *true|proxy-protocol", value) is not None
    return key.endswith(("x-forwarded-for", "tls-container-ref"))


def _parts(value: str) -> list[str]:
    """Entries of a list, without what follows a colon: certificates are listed by port."""
    return [part.partition(":")[0] for part in re.split(r"[,; ]+", value) if part]


def _listed(value: str, ports: set[str]) -> bool:
    """Whether a list of ports has any of `ports`."""
    return any(part == "*" or part in ports for part in _parts(value))


def _reaches(value: str, ports: set[str]) -> bool:
    """Whether a value applies to any of `ports`: a list of ports, or any other value for all."""
    numbered = any(part.isdigit() for part in _parts(value)) and value not in _VERSIONS
    return _listed(value, ports) if numbered else True
