"""The trust anchor, issuers and certificates."""

from __future__ import annotations

from tests.remedy_cases.builders import Wrong, linkerd, trusted
from tests.remedy_cases.common import COLLECTOR, HOST
from tests.stack_builders import certificate, ec_key, key_pem, rsa_key

KEY = ec_key("house")
ANCHOR = {"name": "house", "certificate": certificate(KEY)}
OTHER_KEY = {**ANCHOR, "privateKey": key_pem(ec_key("another"))}
ISSUED = {"issuer": "house", "webhooks": True}

WRONG: Wrong = [
    (
        "RSA where 2.8 is",
        {
            **linkerd(version="2.8.1"),
            "trustAnchor": {
                "anchors": [
                    {
                        "name": "r",
                        "certificate": certificate(rsa_key()),
                        "privateKey": key_pem(rsa_key()),
                    }
                ]
            },
        },
    ),
    ("issuer without cert-manager", trusted({"certManager": {"makeIssuer": True}})),
    (
        "issuer for 2.8",
        trusted(
            {"certManager": {"makeIssuer": True}}, linkerd={"version": "2.8.1"}, certManager={}
        ),
    ),
    (
        "no trust-manager",
        trusted(
            {"certManager": {"makeIssuer": True, "trustRoots": "trust-manager"}}, certManager={}
        ),
    ),
    (
        "webhook of the extension",
        trusted(
            {"certManager": {"makeIssuer": True, "webhooks": True}},
            certManager={},
            linkerd={"version": "2025.3.1", "tracing": COLLECTOR},
        ),
    ),
    (
        "Issuer for viz",
        trusted(
            {"anchors": [ANCHOR], "certManager": {**ISSUED, "kind": "Issuer"}},
            certManager={},
            linkerd={"viz": {"enabled": True}},
        ),
    ),
    (
        "trial without a key",
        trusted(
            {"anchors": [ANCHOR], "certManager": ISSUED},
            certManager={},
            ambassador={"hosts": [{**HOST, "tls": {"trial": True}}]},
        ),
    ),
    (
        "renewed endlessly",
        trusted({"certManager": {"makeIssuer": True, "renewBefore": "50h"}}, certManager={}),
    ),
    (
        "Issuer to make",
        trusted({"certManager": {"makeIssuer": True, "kind": "Issuer"}}, certManager={}),
    ),
    (
        "roots for values",
        trusted(
            {"certManager": {"makeIssuer": True, "rootsSecret": {"name": "r"}}}, certManager={}
        ),
    ),
    ("key alone", trusted({"anchors": [{"name": "a", "privateKey": key_pem(KEY)}]})),
    ("another key", trusted({"anchors": [OTHER_KEY]})),
    (
        "same anchor twice",
        trusted({"anchors": [{**ANCHOR, "privateKey": key_pem(KEY)}, {**ANCHOR, "name": "b"}]}),
    ),
    (
        "signer beside states",
        trusted({"anchors": [{"name": "a", "state": "active"}], "signer": "a"}),
    ),
    (
        "one anchor without a state",
        trusted({"anchors": [{"name": "a", "state": "active"}, {"name": "b"}]}),
    ),
    (
        "no active anchor",
        trusted(
            {"anchors": [{"name": "a", "state": "tainted"}, {"name": "b", "state": "prepared"}]}
        ),
    ),
    (
        "two active anchors",
        trusted({"anchors": [{"name": "a", "state": "active"}, {"name": "b", "state": "active"}]}),
    ),
    ("left to no one", trusted({"restarts": {"excluded": ["shop/web"]}})),
    ("no key", trusted({"anchors": [ANCHOR]})),
    ("lost key of a generated anchor", trusted({"anchors": [{"name": "a", "keyLost": True}]})),
    (
        "lost key that is set",
        trusted(
            {"anchors": [{**ANCHOR, "privateKey": key_pem(KEY), "keyLost": True}]},
        ),
    ),
    ("generated CA", trusted({"certManager": ISSUED}, certManager={})),
    (
        "kind of another group",
        trusted(
            {"anchors": [ANCHOR], "certManager": {**ISSUED, "kind": "PrivateIssuer"}},
            certManager={},
        ),
    ),
    (
        "group without its kind",
        trusted(
            {"anchors": [ANCHOR], "certManager": {**ISSUED, "group": "example.com"}},
            certManager={},
        ),
    ),
]
