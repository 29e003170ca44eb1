"""What is expected of mTLS identities on both ends. Pure.

Facts: Linkerd docs, "Proxy metrics" (``tcp_open_total``) and "Inbound proxy: l5d-client-id".
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from cryptography import x509

from verify.judge.verdict import Answer, Verdict, failed, passed, skipped


@dataclass(frozen=True)
class ClientIdentity:
    """The server's proxy names this identity as the client in every answer of the server."""

    identity: str

    def __call__(self, answer: Answer) -> Verdict:
        seen = {
            str(group.get("client_id") or "none")
            for group in answer.get("groups") or []
            if group.get("cluster")
        }
        if seen == {self.identity}:
            return passed(self.identity)
        if not seen:
            return skipped("no request reached the server")
        return failed(
            f"header l5d-client-id was {' and '.join(sorted(seen))}, not {self.identity}",
            "where it was none, the server's pod has no proxy, or the connection had no mTLS",
        )


@dataclass(frozen=True)
class ServerIdentity:
    """The client's proxy opened mTLS connections to this identity, and no others to `addresses`."""

    identity: str
    addresses: frozenset[str] = frozenset()
    """``ip:port`` of the gateway, as far as it is known; any otherwise."""

    def __call__(self, answer: Answer) -> Verdict:
        if answer.get("status") != 200:
            return skipped(f"the client's proxy gave no metrics ({answer.get('error')})")
        found: Sequence[Answer] = answer.get("connections") or []
        there = [one for one in found if not self.addresses or one.get("address") in self.addresses]
        wanted = ("true", self.identity)
        good = [one for one in there if (one.get("tls"), one.get("server_id")) == wanted]
        # Without addresses, connections to other servers do not matter.
        wrong = [one for one in there if one not in good] if self.addresses else []
        if good and not wrong:
            return passed(f"{self.identity} at {good[0].get('address')}")
        listed = ", ".join(
            f"{one.get('address')} tls={one.get('tls')} server_id={one.get('server_id') or 'none'}"
            for one in (wrong or there or found)[:3]
        )
        return failed(
            f"no mTLS connection to {self.identity}; the proxy has {listed or 'no connections'}",
            "see the Link's gatewayIdentity and gatewayAddress, and the gateway's ServiceAccount",
        )


@dataclass(frozen=True)
class GatewayCertificate:
    """The gateway shows a valid certificate of this identity that chains to the trust roots."""

    identity: str

    def __call__(self, answer: Answer) -> Verdict:
        encoded = answer.get("certificate")
        if not encoded:
            return skipped(f"the gateway showed no certificate ({answer.get('error')})")
        try:
            certificate = x509.load_der_x509_certificate(base64.b64decode(str(encoded)))
            names = certificate.extensions.get_extension_for_class(
                x509.SubjectAlternativeName
            ).value.get_values_for_type(x509.DNSName)
        except (ValueError, x509.ExtensionNotFound):
            names = []
            certificate = None
        if certificate is None or self.identity not in names:
            return failed(
                f"it is for {', '.join(names) or 'no name'}, not {self.identity}",
                "see the ServiceAccount of Ambassador's pods",
            )
        until = f"{certificate.not_valid_after_utc:%Y-%m-%d %H:%M} UTC"
        # By the clock of this machine: a pod has that of its node.
        if certificate.not_valid_after_utc < datetime.now(UTC):
            return failed(f"it expired at {until}")
        if answer.get("verified") is None:
            doubt = answer.get("doubt") or "the target's trust roots could not be read"
            return skipped(f"it is for {self.identity}; its chain was not verified: {doubt}")
        if not answer["verified"]:
            return failed(
                f"it does not chain to the target's trust roots: {answer.get('doubt')}",
                "restart the gateway's pods, and see docs/anchors.md",
            )
        return passed(f"{self.identity}, valid until {until}")
