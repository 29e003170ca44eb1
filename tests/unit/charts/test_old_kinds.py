"""CRDs of the old charts are what an API server of their age accepts.

Fact, from Kubernetes 1.21: in ``apiextensions.k8s.io/v1beta1``, a default is refused, and a keyword
``x-kubernetes-…`` asks for a structural schema, in which no alternative has a type.
"""

from __future__ import annotations

import tarfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from tests.packages import packages

OLD = "apiextensions.k8s.io/v1beta1"


def old_crds(package: Path) -> Iterator[dict[str, Any]]:
    """The CRDs of v1beta1 in a package, but those that Helm has to render."""
    with tarfile.open(package) as files:
        for member in files:
            content = files.extractfile(member)
            text = content.read().decode() if content else ""
            if OLD in text and "{{" not in text:
                yield from (one for one in yaml.safe_load_all(text) if one["apiVersion"] == OLD)


def keywords(schema: Any, path: str = "") -> Iterator[str]:
    """Keywords of a schema that an old API server refuses, with the place of each."""
    if not isinstance(schema, Mapping):
        return
    for key, below in schema.items():
        if key == "default" or key.startswith("x-kubernetes-"):
            yield f"{path}: {key}"
        elif key == "properties":
            for name, one in below.items():
                yield from keywords(one, f"{path}.{name}")
        elif key in ("items", "additionalProperties"):
            yield from keywords(below, path)


def test_a_crd_of_v1beta1_has_no_keyword_that_v1_alone_accepts() -> None:
    crds = list(old_crds(packages() / "ambassador-6.9.5.tgz"))
    assert "hosts.getambassador.io" in {one["metadata"]["name"] for one in crds}
    for crd in crds:
        schema = crd["spec"].get("validation", {}).get("openAPIV3Schema")
        assert list(keywords(schema)) == [], crd["metadata"]["name"]
