"""The CRDs of getambassador.io as an API server of today can hold them, for every Ambassador.

No program serves the conversion webhooks there, so that CRDs go without.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

from charts import ChartSource
from charts.source import Chart, PublishedManifest, ambassador_chart, ambassador_crds
from components.ambassador.values import crds_values
from components.core.manifests import objects_of
from config.ambassador.ambassador import AmbassadorConfig
from render import HelmTemplate, Registration

CRD = "CustomResourceDefinition"
GROUP = "getambassador.io"
"""End of the names of the groups that Ambassador's CRDs are in."""

FREE = "x-kubernetes-preserve-unknown-fields"
OF_SEVERAL_TYPES = ("ambassador_id", "remove_request_headers", "remove_response_headers", "tls")
"""Fields of v1 and v2 whose values may be of one type or another."""

Object = dict[str, Any]


def crds_of(config: AmbassadorConfig, charts: ChartSource, helm: HelmTemplate) -> list[Object]:
    """The CRDs that an Ambassador has, whether we install it or its owner has."""
    package = ambassador_crds(config)
    match package:
        case PublishedManifest():
            objects = objects_of(charts.text(package), package.package)
        case Chart():
            objects = helm.render(_release(package, charts, crds_values(config)))
        case None:
            objects = helm.render(_release(ambassador_chart(config), charts, config.kind.values))
    found = [item for item in objects if item["kind"] == CRD]
    assert found
    return [_strict(of_today(item)) for item in found]


def _release(chart: Chart, charts: ChartSource, values: Mapping[str, Any]) -> Registration:
    inputs = {
        "name": "kinds",
        "namespace": "default",
        "chart": charts.location(chart).chart,
        "version": chart.version,
        "values": dict(values),
    }
    return Registration("kubernetes:helm.sh/v3:Release", "kinds", "", inputs=inputs)


def storing(crd: Object, version: str) -> Object:
    """A CRD that stores `version`, where it has that one."""
    changed = copy.deepcopy(crd)
    versions = changed["spec"]["versions"]
    if any(item["name"] == version for item in versions):
        for item in versions:
            item["storage"] = item["name"] == version
    return changed


def _strict(crd: Object) -> Object:
    """A CRD without conversion and without leave to have fields that it does not know.

    That of v1 and v2 in later Ambassadors gives leave, to hold what only v3alpha1 has names for,
    and fields with a choice of types, which it cannot describe.
    """
    changed = copy.deepcopy(crd)
    changed["spec"]["conversion"] = {"strategy": "None"}
    for version in changed["spec"]["versions"]:
        schema = version["schema"]["openAPIV3Schema"]
        spec = schema.get("properties", {}).get("spec", {})
        if "properties" in spec and spec.pop(FREE, False):
            free: dict[str, Object] = {name: {FREE: True} for name in OF_SEVERAL_TYPES}
            spec["properties"] = free | spec["properties"]
    return changed


def of_today(crd: Object) -> Object:
    """A CRD of v1beta1 in v1, which has a schema for every version and no field unknown to it."""
    if not crd["apiVersion"].endswith("/v1beta1"):
        return crd
    old = crd["spec"]
    schema = old.get("validation", {}).get("openAPIV3Schema", {"type": "object"})
    shared: Object = {"schema": {"openAPIV3Schema": _structural(schema)}}
    if "subresources" in old:
        shared["subresources"] = old["subresources"]
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": CRD,
        "metadata": {"name": crd["metadata"]["name"]},
        "spec": {
            **{key: old[key] for key in ("group", "names", "scope")},
            "versions": [{**version, **shared} for version in old["versions"]],
        },
    }


def _structural(schema: Mapping[str, Any]) -> Object:
    """The same schema, free where v1 has no notation: alternatives, and bare objects."""
    kind = schema.get("type")
    free = {FREE: True}
    if kind is None or "oneOf" in schema or (kind == "array" and "items" not in schema):
        return free
    if kind == "array":
        return {**schema, "items": _structural(schema["items"])}
    if "additionalProperties" in schema:
        return {**schema, "additionalProperties": _structural(schema["additionalProperties"])}
    if "properties" in schema:
        inner = {key: _structural(value) for key, value in schema["properties"].items()}
        # The API server knows these itself.
        for key in ("apiVersion", "kind", "metadata"):
            if key in inner and inner.get("spec") is not None:
                inner[key] = dict(schema["properties"][key])
        return {**schema, "properties": inner}
    return {**schema, **free} if kind == "object" else dict(schema)
