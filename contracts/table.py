"""The table: everything that is written here for other programs, one row each."""

from __future__ import annotations

from contracts.contract import Contract, Subject
from contracts.forms.kubeconfig import KUBECONFIG
from contracts.rows.ambassador import AMBASSADOR
from contracts.rows.annotations import ANNOTATIONS
from contracts.rows.helm_values import HELM_VALUES
from contracts.rows.issuance import ISSUANCE
from contracts.rows.keys_and_certificates import KEYS_AND_CERTIFICATES
from contracts.rows.labels import LABELS
from contracts.rows.links import LINKS
from contracts.rows.platform import PLATFORM
from contracts.rows.policy import POLICY
from contracts.rows.ports import PORTS
from contracts.rows.traffic import TRAFFIC
from contracts.rows.workloads import WORKLOADS

PARTS: dict[str, tuple[Contract, ...]] = {
    "Keys and certificates": KEYS_AND_CERTIFICATES,
    "Logins": KUBECONFIG,
    "Annotations": ANNOTATIONS,
    "Labels and selectors": LABELS,
    "Ports of Services": PORTS,
    "Links": LINKS,
    "Policy": POLICY,
    "Traffic": TRAFFIC,
    "Ambassador": AMBASSADOR,
    "cert-manager and trust-manager": ISSUANCE,
    "Monitoring, Traefik, ECK": PLATFORM,
    "Containers": WORKLOADS,
    "Helm values": HELM_VALUES,
}
"""The rows by what they are about."""

CONTRACTS: tuple[Contract, ...] = tuple(row for rows in PARTS.values() for row in rows)
"""All rows."""


def contracts_of(subject: Subject, on: str, key: str, generation: str) -> list[Contract]:
    """The rows about this key of this thing, in a cluster of this generation of Linkerd."""
    return [row for row in CONTRACTS if row.covers(subject, on, key, generation)]
