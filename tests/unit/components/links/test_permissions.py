"""The page of permissions has everything that the program gives, and nothing else."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from components.permissions_page import PAGE, page_text
from render import Recording
from tests.recordings import of_type
from tests.stack_files import STACK_FILES

RBAC = ("ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding", "ServiceAccount")
SOURCE = re.compile(r"^linkerd-service-mirror-remote-access-.+$")


def test_the_page_is_the_one_that_the_permissions_give() -> None:
    assert PAGE.read_text(encoding="utf-8") == page_text()


@pytest.mark.parametrize("name", sorted(STACK_FILES))
def test_the_program_gives_no_permission_that_the_page_lacks(
    name: str, stack: Callable[[str], Recording]
) -> None:
    recording, text = stack(name), PAGE.read_text(encoding="utf-8")
    for kind in RBAC:
        for item in of_type(recording, kind):
            assert f"| {kind} |" in text
            assert SOURCE.match(item.inputs["metadata"]["name"]), item.name
    for item in of_type(recording, "ClusterRole"):
        for rule in item.inputs["rules"]:
            resources = ", ".join(f"`{one}`" for one in rule["resources"])
            named = f" (only `{rule['resourceNames'][0]}`)" if "resourceNames" in rule else ""
            (group,) = rule["apiGroups"]
            row = f"| {f'`{group}`' if group else 'core'} | {resources}{named} | "
            assert row + ", ".join(rule["verbs"]) + " |" in text
    for item in of_type(recording, "ClusterRoleBinding"):
        metadata, (subject,) = item.inputs["metadata"], item.inputs["subjects"]
        assert subject["kind"] == "ServiceAccount"
        assert subject["name"] == item.inputs["roleRef"]["name"] == metadata["name"]
