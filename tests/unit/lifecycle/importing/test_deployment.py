"""A deployment without what does not exist: no reference is left, and nothing else is lost."""

from __future__ import annotations

import copy
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from lifecycle.importing.deployment import without


@st.composite
def deployments(draw: st.DrawFn) -> tuple[dict[str, Any], set[str]]:
    """A deployment of resources in the order of their dependencies, and some that do not exist."""
    count = draw(st.integers(1, 7))
    resources: list[dict[str, Any]] = []
    for number in range(count):
        earlier = [item["urn"] for item in resources]
        needs: list[Any] = draw(st.lists(st.sampled_from(earlier), unique=True)) if earlier else []
        item: dict[str, Any] = {
            "urn": f"urn:{number}",
            "type": draw(st.sampled_from(["tls:index/a:A", "kubernetes:core/v1:Secret"])),
            "inputs": {"n": number},
        }
        depends: bool = draw(st.booleans())
        if depends:
            item |= {"dependencies": needs, "propertyDependencies": {"data": needs}}
        if draw(st.booleans()) and earlier:
            item["deletedWith"] = draw(st.sampled_from(earlier))
        resources.append(item)
    absent = draw(st.sets(st.sampled_from([item["urn"] for item in resources])))
    return {"version": 3, "deployment": {"manifest": {}, "resources": resources}}, absent


@settings(deadline=None)
@given(deployments())
def test_what_is_left_refers_only_to_what_is_left(drawn: tuple[dict[str, Any], set[str]]) -> None:
    deployment, absent = drawn
    before = copy.deepcopy(deployment)
    result = without(deployment, absent)
    assert deployment == before
    left = {item["urn"]: item for item in result["deployment"]["resources"]}
    assert not left.keys() & absent
    for item in left.values():
        urns = [*item.get("dependencies", ())]
        urns += [urn for listed in item.get("propertyDependencies", {}).values() for urn in listed]
        urns += [item["deletedWith"]] if "deletedWith" in item else []
        assert left.keys() >= set(urns)
    assert result["version"] == 3
    assert result["deployment"]["manifest"] == {}


@settings(deadline=None)
@given(deployments())
def test_only_certificates_go_with_what_does_not_exist(
    drawn: tuple[dict[str, Any], set[str]],
) -> None:
    deployment, absent = drawn
    given_ = {item["urn"]: item for item in deployment["deployment"]["resources"]}
    left = {item["urn"]: item for item in without(deployment, absent)["deployment"]["resources"]}
    gone = given_.keys() - left.keys()
    for urn, item in given_.items():
        signed_by_gone = item["type"].startswith("tls:") and bool(
            gone & set(item.get("dependencies", ()))
        )
        assert (urn in gone) == (urn in absent or signed_by_gone)
        if urn in left:
            assert left[urn]["inputs"] == item["inputs"]
            kept = [need for need in item.get("dependencies", ()) if need not in gone]
            assert left[urn].get("dependencies", []) == kept
