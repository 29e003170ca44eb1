"""The next version is written into a stack file, and all else in it stays."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import settings as configured
from hypothesis import strategies as st

from config import load_stack_file
from lifecycle.upgrade.edit import UpgradeError, edited, write
from tests.stack_files import STACK_FILES

FORMS = (
    "a: {context: a}   # the first",
    "a:\n    context: a   # kept\n\n    # below",
    'a:\n    context: a\n    linkerd: {version: "2026.6.3", heartbeat: true}   # kept',
    "a:\n    linkerd:\n      heartbeat: true   # kept\n      # and this\n    context: a",
    "a:\n    context: a\n    linkerd:\n      version: '2026.6.3'   # why\n      cni: true",
    "a:\n    context: a\n    linkerd: {}",
    "a: {context: a, linkerd: {values: {a: [1, 2]}}}",
)
"""Ways to write a cluster."""


def comments(text: str) -> list[str]:
    return [line.partition("#")[2] for line in text.splitlines() if "#" in line]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("key", ["clusters", "linkerd-ambassador-mesh:clusters"])
def test_the_version_is_written_in_every_form_of_a_cluster(
    form: str, key: str, tmp_path: Path
) -> None:
    file = tmp_path / "Pulumi.shop.yaml"
    text = f"# head\nconfig:\n  {key}:\n    b: {{context: b}}\n    {form}\n  # end\n"
    text = text.replace("\n    context", "\n      context").replace(
        "\n    linkerd", "\n      linkerd"
    )
    text = (
        text.replace("\n      heartbeat", "\n        heartbeat")
        .replace("\n      version", "\n        version")
        .replace("\n      cni", "\n        cni")
    )
    file.write_text(text)
    before = load_stack_file(file)
    write(file, {"a": "2026.8.3"})
    after = load_stack_file(file)
    assert after.clusters["a"].linkerd.version == "2026.8.3"
    assert after.clusters["b"] == before.clusters["b"]
    assert comments(file.read_text()) == comments(text)
    removed = set(text.splitlines()) - set(file.read_text().splitlines())
    assert len(removed) <= 1


@configured(max_examples=40, deadline=None)
@given(st.sampled_from(sorted(STACK_FILES)), st.data())
def test_in_every_stack_file_only_the_lines_of_the_version_change(
    name: str, data: st.DataObject
) -> None:
    path = STACK_FILES[name]
    mesh = load_stack_file(path)
    edge = [name for name, one in mesh.clusters.items() if one.linkerd.generation.dated]
    if not edge:
        return
    cluster = data.draw(st.sampled_from(edge))
    text = path.read_text(encoding="utf-8")
    try:
        found = edited(text, {cluster: "2026.7.1"})
    except ValueError:
        # Aliases and merge keys are for the user.
        assert "*" in text
        return
    old, new = text.splitlines(), found.splitlines()
    assert 0 <= len(new) - len(old) <= 2
    assert len(set(new) - set(old)) <= 2


def test_what_cannot_be_edited_is_left_with_the_lines_to_write_by_hand(tmp_path: Path) -> None:
    file = tmp_path / "Pulumi.shop.yaml"
    file.write_text(
        "config:\n  clusters:\n    a: {context: a, linkerd: &l {cni: true}}\n"
        "    b: {context: b, linkerd: *l}\n"
    )
    text = file.read_text()
    for cluster in ("a", "b"):
        with pytest.raises(UpgradeError, match="left as it is") as caught:
            write(file, {cluster: "2026.7.1"})
        assert f'clusters.{cluster}.linkerd.version: "2026.7.1"' in caught.value.remedy
        assert file.read_text() == text
        assert [one.name for one in tmp_path.iterdir()] == [file.name]


def test_a_version_that_does_not_fit_the_rest_of_the_stack_file_is_not_written(
    tmp_path: Path,
) -> None:
    file = tmp_path / "Pulumi.shop.yaml"
    text = (
        "config:\n  clusters:\n    a:\n      context: a\n      linkerd:\n"
        '        version: "2025.4.4"\n'
        "        tracing: {collector: 'tempo.tracing:4317', serviceAccount: tempo,"
        " jaegerVersion: 2025.4.4}\n"
    )
    file.write_text(text)
    with pytest.raises(UpgradeError, match="jaegerVersion"):
        write(file, {"a": "2026.8.3"})
    assert file.read_text() == text
