"""Values of a form that no key has."""

from __future__ import annotations

from datetime import date

from tests.remedy_cases.builders import Wrong, edge, one

WRONG: Wrong = [
    ("private key in values", edge(values={"a": f"{'-----BEGIN'} EC PRIVATE KEY-----\nx"})),
    ("encrypted text", one(domain={"secure": "v1:abc"})),
    ("number", {**one(), "timeoutSeconds": 1}),
    ("not a list", one(networks="10.0.0.0/8")),
    ("date", {"clusters": {"a": {"context": date(2026, 11, 30)}}}),
    ("encrypted key", {"clusters": {"secure": "v1:abc"}}),
    ("no cluster", {}),
]
