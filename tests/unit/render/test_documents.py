"""YAML is read and written so that Kubernetes and this program mean the same."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from kube.documents import load_all
from render import HelmTemplate
from render.documents import dump


def loaded(text: str) -> Any:
    return next(iter(load_all(text)))["value"]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("2026-01-01", "2026-01-01"),
        ("2026-01-01T00:00:00Z", "2026-01-01T00:00:00Z"),
        ("12:30:45", "12:30:45"),
        ("=", "="),
        ("4143", 4143),
        ("0644", 0o644),
        ("1.5", 1.5),
        ("true", True),
        ("null", None),
        ('"4143"', "4143"),
    ],
)
def test_a_scalar_is_read_as_kubernetes_reads_it(text: str, value: Any) -> None:
    found = loaded(f"value: {text}")
    assert (found, type(found)) == (value, type(value))


TRICKY = [
    "1234567890123e45",
    "1e3",
    "0x1f",
    "0o17",
    ".5",
    "-1",
    "1_000",
    "true",
    "yes",
    "on",
    "null",
    "~",
    "",
    " padded ",
    "a: b",
    "a #b",
    "- item",
    "2026-01-01",
    "12:30",
    "=",
    "*",
    "&anchor",
    "{}",
    "two\nlines",
    "ends with newline\n",
    "  indented\nfirst line\n",
    "tab\there",
    "ünïcode — ✓",
    "@at",
    "`tick",
    "%percent",
    "!tag",
    "|",
    ">",
    "Infinity",
    ".inf",
    ".nan",
    "NaN",
]


@pytest.mark.parametrize("text", TRICKY)
def test_a_text_stays_a_text(text: str) -> None:
    written = dump({"value": text})
    assert loaded(written) == text
    assert yaml.safe_load(written)["value"] == text


def test_texts_stay_texts_for_the_reader_that_kubernetes_uses(
    helm: HelmTemplate, tmp_path: Path
) -> None:
    """Helm reads with Kubernetes' own YAML library, and can write back as JSON what it read."""
    chart = tmp_path / "chart"
    (chart / "templates").mkdir(parents=True)
    (chart / "Chart.yaml").write_text("{apiVersion: v2, name: echo, version: 1.0.0}")
    (chart / "templates" / "out.yaml").write_text(
        "{apiVersion: v1, kind: ConfigMap, metadata: {name: a}, "
        "data: {json: {{ toJson .Values.texts | quote }}}}"
    )
    done = subprocess.run(
        [helm.binary, "template", "x", chart, "--values", "-"],
        input=dump({"texts": TRICKY}),
        capture_output=True,
        text=True,
        check=True,
    )
    data = next(iter(load_all(done.stdout)))["data"]
    assert json.loads(data["json"]) == TRICKY


def test_lines_stay_lines_for_the_eye() -> None:
    pem = "-----BEGIN CERTIFICATE-----\nabc\n-----END CERTIFICATE-----\n"
    assert dump({"pem": pem}).splitlines() == [
        "pem: |",
        "  -----BEGIN CERTIFICATE-----",
        "  abc",
        "  -----END CERTIFICATE-----",
    ]


def test_what_is_the_same_twice_is_written_twice() -> None:
    """Kubernetes' tools take anchors and aliases, people do not."""
    shared = {"a": [1]}
    assert "&" not in dump({"x": shared, "y": shared})
