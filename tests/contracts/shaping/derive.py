"""Changes the values of a chart one by one, and compares what is rendered."""

from __future__ import annotations

import io
import json
import re
import subprocess
import tarfile
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from config import MeshConfig
from config.inventory import Release, inventory
from config.inventory.values import ReleaseValues
from config.inventory.values.merging import MERGE_KEYS, merged, nested
from config.language.problems import join, step
from config.rules.values import contradictions
from render import HelmTemplate, RenderError, record
from render.helm import SERVED
from render.registration import Registration
from tests.contracts.shaping.facts import Facts, facts
from tests.recordings import of_type
from tests.stack_builders import loaded
from tests.unit.conftest import PUBLISHED, Tells, reach_of

Path_ = tuple[str, ...]
RELEASE = "kubernetes:helm.sh/v3:Release"
_VALUE = re.compile(r"\.Values((?:\.[A-Za-z][A-Za-z0-9_]*)+)")

_LINK = [{"source": "a", "target": "b"}]
_OLD = {"context": "a", "linkerd": {"version": "2.8.1", "cni": True}}
BASES: tuple[dict[str, Any], ...] = (
    {
        "clusters": {
            "a": {
                "context": "a",
                "linkerd": {"cni": True, "viz": {"enabled": True}},
                "certManager": {"install": True, "trustManager": {"install": True}},
            },
            "b": {"context": "b", "ambassador": {"name": "edge", "gateway": {}}},
        },
        "links": _LINK,
    },
    {
        "clusters": {
            "a": _OLD,
            "b": {
                **_OLD,
                "context": "b",
                "ambassador": {
                    "flavour": "ambassador",
                    "name": "edge",
                    "gateway": {"probe": "ambassador"},
                },
            },
        },
        "links": _LINK,
    },
    {
        "clusters": {
            "a": {
                "context": "a",
                "linkerd": {
                    "version": "2025.5.1",
                    "tracing": {"collector": "tempo.tracing:4317", "serviceAccount": "tempo"},
                },
                "ambassador": {"version": "3.10.0", "name": "edge", "gateway": {}},
            },
            "b": {
                "context": "b",
                "ambassador": {
                    "flavour": "edge-stack",
                    "name": "edge",
                    "edgeStack": {"licenseSecret": "licence"},
                    "gateway": {},
                },
            },
        }
    },
)
"""Settings of stack files that together install every chart."""


@dataclass(frozen=True)
class Installed:
    """A release as the program installs it, of a chart that is at hand."""

    release: Release
    values: ReleaseValues
    registration: Registration
    package: Path

    @property
    def chart(self) -> str:
        """Name and version of the chart."""
        return self.package.name.removesuffix(".tgz")


def installed(folder: Path, bases: Iterable[Mapping[str, Any]] = BASES) -> Iterator[Installed]:
    """The releases of these stack files whose charts are in a folder, each chart once."""
    seen = set()
    for base in bases:
        mesh = loaded(dict(base))
        for found in _releases(mesh):
            package = _package(folder, found[0])
            if package is not None and package not in seen:
                seen.add(package)
                yield Installed(*found, package)


def _releases(mesh: MeshConfig) -> Iterator[tuple[Release, ReleaseValues, Registration]]:
    made = {name: inventory(mesh, name) for name in mesh.clusters}
    for item in of_type(record(mesh, reach_of(mesh), PUBLISHED, Tells()), RELEASE):
        found = made[str(item.cluster)]
        key = str(item.inputs["namespace"]), str(item.inputs["name"])
        release = next(one for one in found.releases if one.key == key)
        yield release, found.values[release.key], item


def _package(folder: Path, release: Release) -> Path | None:
    exact = folder / f"{release.chart}-{release.version}.tgz"
    if exact.is_file():
        return exact
    # A chart without a version of its own in the folder is read in the version that is there.
    same = sorted(folder.glob(f"{release.chart}-2025*.tgz")) if "2025" in release.version else []
    return same[-1] if same else None


@cache
def defaults(package: Path) -> dict[str, Any]:
    """The values of a chart with those of its parts; null for those that templates alone read."""
    found: dict[str, Any] = {}
    text = ""
    with tarfile.open(package) as archive:
        for member in sorted(archive.getmembers(), key=lambda one: -one.name.count("/")):
            file = archive.extractfile(member)
            if file is None:
                continue
            parts = member.name.split("/")
            if parts[-1] == "values.yaml":
                # Values of a part are under its name.
                inside = [parts[i + 1] for i, part in enumerate(parts) if part == "charts"]
                content = yaml.safe_load(io.TextIOWrapper(file, "utf-8").read()) or {}
                if "partials" not in inside:
                    found = merged(found, nested(content, inside))
            elif "templates" in parts and "charts" not in parts:
                text += file.read().decode("utf-8", "replace")
    for match in _VALUE.finditer(text):
        *above, last = match[1].split(".")[1:]
        node: Any = found
        for part in above:
            node = node.setdefault(part, {}) if isinstance(node, dict) else None
        if isinstance(node, dict):
            node.setdefault(last, None)
    return found


def leaves(values: Mapping[str, Any], above: Path_ = ()) -> Iterator[tuple[Path_, Any]]:
    """Every value that is no mapping with something in it, with its path."""
    for key, value in values.items():
        if isinstance(value, Mapping) and value:
            yield from leaves(value, (*above, str(key)))
        else:
            yield (*above, str(key)), value


def others(value: Any, labels: Mapping[str, str]) -> list[Any]:
    """Values to write in place of one."""
    if isinstance(value, bool):
        return [not value]
    if isinstance(value, int | float):
        return [value + 1]
    if isinstance(value, str) and value:
        return ["other"]
    if isinstance(value, list):
        return [[]] if value else []
    if isinstance(value, Mapping):
        return [{key: "other"} for key in labels]
    return ["other", True]


def place(path: Path_) -> str:
    """A path as the table writes it."""
    found = ""
    for part in path:
        found = join(found, step(part))
    return found


@dataclass(frozen=True)
class Row:
    """What a value of a chart does, as the table has it."""

    path: str
    default: Any = None
    changes: tuple[str, ...] = ()
    """What changes of what the program relies on."""
    kinds: tuple[str, ...] = ()
    """Kinds of objects that are added."""
    beside: str = ""
    """Path of the value that has the list into which this value is copied."""


def shaping(
    item: Installed, helm: HelmTemplate, only: Collection[str] | None = None
) -> Iterator[Row]:
    """What the values of a chart do; of `only` some paths."""
    base = _facts(objects(item, helm, {}), item)
    labels = {key: value for name, key, value in base.labels if not name.startswith("Service")}
    kinds = {str(kind) for kind in item.release.kinds}
    own = tuple(row for row in item.values.derived if not row.changes)
    passed = item.registration.inputs.get("values") or {}
    for path, default in leaves(defaults(item.package)):
        if only is not None and place(path) not in only:
            continue
        given = given_at(passed, path)
        value = default if given is None else given
        for other in others(value, dict(sorted(labels.items()))):
            extra = nested(other, path)
            if list(contradictions(replace(item.values, extra=extra, derived=own))):
                break
            try:
                found = _facts(objects(item, helm, extra), item)
            except RenderError:
                # Helm says what the chart lacks for it, before anything is touched.
                continue
            changes, added = tuple(base.changes(found, kinds)), tuple(base.added(found, kinds))
            if changes and isinstance(other, Mapping):
                yield Row(place((*path, next(iter(other)))), None, changes)
            elif changes or added:
                yield Row(place(path), value, changes, () if changes else added)
                break
        if default in (None, "", [], {}) or isinstance(default, str):
            yield from _copied(item, helm, path)


def _copied(item: Installed, helm: HelmTemplate, path: Path_) -> Iterator[Row]:
    """Whether a chart copies a value, a text or a list, into a list of another value."""
    for value in (f"- {json.dumps(PROBE)}", [PROBE]):
        try:
            lists = set(_lists_with_probe(objects(item, helm, nested(value, path))))
        except RenderError:
            continue
        for name in sorted(lists & MERGE_KEYS.keys() - {path[-1]}):
            yield Row(place(path), beside=place((*path[:-1], name)))
            return


PROBE = {"name": "zz-probe", "mountPath": "/zz-probe", "port": 7, "containerPort": 7, "value": "z"}
"""An entry of any list."""


def _lists_with_probe(node: Any, name: str = "") -> Iterator[str]:
    """Names of the lists that have the probe as an entry."""
    for key, value in node.items() if isinstance(node, dict) else ():
        yield from _lists_with_probe(value, key)
    for value in node if isinstance(node, list) else ():
        if isinstance(value, dict) and value.get("name") == PROBE["name"]:
            yield name
        yield from _lists_with_probe(value, name)


def _facts(objects: list[dict[str, Any]], item: Installed) -> Facts:
    try:
        return facts(objects, item.release.origin, item.release.name)
    except (AttributeError, TypeError, KeyError):
        # A value of another type than the chart expects makes no objects.
        raise RenderError("no objects", "") from None


def objects(item: Installed, helm: HelmTemplate, extra: Mapping[str, Any]) -> list[dict[str, Any]]:
    inputs = item.registration.inputs
    command = [str(helm.binary), "template", str(inputs["name"]), str(item.package), "--skip-tests"]
    command += ["--namespace", str(inputs["namespace"]), "--kube-version", helm.kube_version]
    command += ["--api-versions", ",".join(SERVED)]
    values = json.dumps(merged(inputs.get("values") or {}, extra))
    done = subprocess.run(
        [*command, "--include-crds", "--values", "-"],
        input=values,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise RenderError(done.stderr, "")
    try:
        found = list(_parsed(done.stdout))
        for made in found:
            made["metadata"].setdefault("namespace", str(inputs["namespace"]))
        return found
    except (yaml.YAMLError, AttributeError, TypeError, KeyError):
        # A value of another type than the chart expects makes no objects.
        raise RenderError("no objects", "") from None


def _parsed(text: str) -> Iterator[dict[str, Any]]:
    """Rendered objects; of a CRD its name alone, as the rest takes long to read."""
    for document in re.split(r"^---.*$", text, flags=re.MULTILINE):
        if re.search(r"^kind: CustomResourceDefinition$", document, re.MULTILINE):
            name = re.search(r"^  name: \"?([a-z0-9.]+)", document, re.MULTILINE)
            head = {"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition"}
            yield {**head, "metadata": {"name": name[1] if name else ""}}
            continue
        found = yaml.load(document, yaml.CSafeLoader)
        if isinstance(found, dict) and "metadata" in found:
            yield found


def given_at(values: Mapping[str, Any], path: Path_) -> Any:
    node: Any = values
    for part in path:
        node = node.get(part) if isinstance(node, Mapping) else None
    return node
