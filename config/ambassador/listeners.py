"""Ambassador's Listeners (Emissary docs, Listener; seen in what its compiler makes of them)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from config.language.formats import DnsName, ObjectSpec, Port
from config.language.model import Model
from config.language.problems import Problem, wrong

Layer = Literal["PROXY", "TLS", "HTTP", "TCP", "UDP"]
"""One layer of a protocol stack."""
_ORDER = ("PROXY", "TLS", "HTTP")
"""Layers as a client's bytes have them, before the transport."""


def _protocol(value: Any) -> Any:
    if value == "HTTPSPROXY":
        # Its compiler puts the filter of TLS before that of PROXY.
        raise wrong(
            "with HTTPSPROXY Ambassador expects the PROXY header within TLS, and load balancers "
            "send it before TLS",
            "leave protocol out, and write protocolStack: [PROXY, TLS, HTTP, TCP]",
        )
    return value


class Listener(Model):
    """A port on which Ambassador accepts requests (Emissary docs, Listener)."""

    name: DnsName
    """Name of the Listener."""
    port: Port
    """Port in the pod."""
    protocol: Annotated[Literal["HTTP", "HTTPS", "HTTPPROXY"], BeforeValidator(_protocol)] = "HTTPS"
    """Protocol stack by name; HTTPS also accepts cleartext, and the Host decides. HTTPPROXY expects
    the PROXY protocol, and no TLS."""
    protocol_stack: tuple[Layer, ...] = ()
    """Protocol stack by its layers, the outermost first, in place of `protocol`: ``[PROXY, TLS,
    HTTP, TCP]`` behind a load balancer that sends the PROXY protocol and leaves TLS to
    Ambassador."""
    l7_depth: Annotated[int, Field(ge=1, le=100, strict=True)] | None = None
    """Number of trusted proxies in front that add the client's address to X-Forwarded-For, such as
    load balancers of layer 7; none by default."""
    security_model: Literal["XFP", "SECURE", "INSECURE"] = "XFP"
    """When a request counts as secure: by X-Forwarded-Proto, always, or never."""
    spec: ObjectSpec = {}
    """Further fields of the Listener's ``spec``, as its CRD has them."""

    @property
    def expects_proxy_header(self) -> bool:
        """Whether every connection has to begin with the header of the PROXY protocol."""
        if self.protocol_stack:
            return "PROXY" in self.protocol_stack
        return self.protocol == "HTTPPROXY"

    @property
    def stack(self) -> dict[str, Any]:
        """The field of its ``spec`` that has the protocol stack."""
        if self.protocol_stack:
            return {"protocolStack": list(self.protocol_stack)}
        return {"protocol": self.protocol}

    def inconsistencies(self) -> Iterator[Problem]:
        """Two protocol stacks, or one that Ambassador or its clients cannot speak."""
        stack = self.protocol_stack
        if not stack:
            return
        if "protocol" in self.model_fields_set:
            yield Problem(
                "protocol",
                "protocolStack replaces protocol",
                "leave protocol or protocolStack out",
                about=("protocolStack",),
            )
        layers = [layer for layer in _ORDER if layer in stack]
        transport = "UDP" if "UDP" in stack and "TCP" not in stack else "TCP"
        if stack != (*layers, transport) or (transport == "UDP" and "HTTP" not in stack):
            fitting = ", ".join((*layers, transport) if "HTTP" in layers else (*layers, "TCP"))
            yield Problem(
                "protocolStack",
                "clients send PROXY before TLS and TLS before HTTP, each once, over TCP; over UDP "
                "Ambassador accepts HTTP only",
                f"write [{fitting}]",
            )
