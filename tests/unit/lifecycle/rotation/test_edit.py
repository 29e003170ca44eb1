"""Edits of stack files as people write them: the step is exactly what changes."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from config import load_settings, load_stack_file
from config.language.yaml_text import read_yaml
from lifecycle.rotation import edit
from lifecycle.rotation.step import RotationError, Step, next_step
from lifecycle.rotation.yaml_edit import UneditableError
from tests.stack_builders import certificate, ec_key

PEM = certificate(ec_key("house"))
HEAD = """\
# The stack of the shop.
config:
  kubernetes:strictMode: "true"   # no other cluster
  linkerd-ambassador-mesh:clusters:
    west: &west {context: w}
    east:
      context: e   # of the kubeconfig
"""
STATES = {
    "none": (None,),
    "active": ("active",),
    "prepared": ("active", "prepared"),
    "turned": ("prepared", "active"),
    "tainted": ("tainted", "active"),
    "both": ("tainted", "active", "prepared"),
    "last": ("active", "tainted"),
}


@st.composite
def stack_files(draw: st.DrawFn) -> str:
    """Stack files with anchors in each state, in the forms that YAML has for them."""
    states = STATES[draw(st.sampled_from(sorted(STATES)))]
    signer = states == (None,) and draw(st.booleans())
    flow = draw(st.booleans())
    quote = draw(st.sampled_from(["", '"', "'"]))
    comments = iter(range(99))

    def comment() -> str:
        return f"   # comment {next(comments)}" if draw(st.booleans()) else ""

    def own_line(space: str) -> str:
        return f"{space}# comment {next(comments)}\n" if draw(st.booleans()) else ""

    def item(place: int, state: str | None) -> dict[str, str]:
        entries = {"name": f"{quote}root{f'-{place + 1}' if place else ''}{quote}"}
        if state is not None:
            entries["state"] = f"{quote}{state}{quote}"
        if draw(st.booleans()):
            entries = dict(reversed(entries.items()))
        return entries

    anchors = [item(place, state) for place, state in enumerate(states)]
    key = draw(st.sampled_from([edit.KEYS[0], "trustAnchor"]))
    if flow:
        form = draw(st.sampled_from(["line", "list", "items"]))
        items = [
            "{" + ", ".join(f"{name}: {value}" for name, value in one.items()) + "}"
            for one in anchors
        ]
        signs = f"signer: {quote}root{quote}" if signer else ""
        if form == "line":
            before = f"{signs}, " if signs and draw(st.booleans()) else ""
            after = f", {signs}" if signs and not before else ""
            body = f"  {key}: {{{before}anchors: [{', '.join(items)}]{after}}}{comment()}\n"
        else:
            body = f"  {key}:{comment()}\n"
            body += f"    {signs}{comment()}\n" if signs else ""
            if form == "list":
                body += f"    anchors: [{', '.join(items)}]{comment()}\n"
            else:
                body += "    anchors:\n" + "".join(f"    - {one}{comment()}\n" for one in items)
    else:
        space = draw(st.sampled_from(["    ", "      "]))
        gap = draw(st.sampled_from([" ", "   "]))
        anchored = draw(st.sampled_from(["", " &anchors"]))
        body = f"  {key}:{comment()}\n"
        body += f"    signer: root{comment()}\n" if signer else ""
        body += f"    anchors:{anchored}{comment()}\n"
        for one in anchors:
            body += own_line(space)
            first, *others = one.items()
            body += f"{space}-{gap}{first[0]}: {first[1]}{comment()}\n"
            below = space + " " + " " * len(gap)
            for name, value in others:
                body += f"{below}{name}: {value}{comment()}\n"
        if draw(st.booleans()):
            body += f"    validity:\n      renewalDays: 60{comment()}\n"
    extra = "  linkerd-ambassador-mesh:timeoutSeconds: 60   # enough\n"
    text = HEAD + draw(st.sampled_from(["", "\n"])) + body + draw(st.sampled_from(["", extra]))
    if draw(st.booleans()):
        text = text.rstrip("\n")
    return text.replace("\n", "\r\n") if draw(st.booleans()) else text


def step_of(text: str) -> Step:
    settings_of = {
        key.rpartition(":")[2]: value
        for key, value in read_yaml(text)["config"].items()
        if not key.startswith("kubernetes")
    }
    return next_step(load_settings(settings_of, "drawn").trust_anchor)


def comments_of(text: str) -> list[str]:
    return re.findall(r"# .*", text.replace("\r", ""))


@settings(max_examples=60, deadline=None)
@given(stack_files())
def test_an_edit_of_any_form_is_the_step_and_nothing_else(text: str) -> None:
    step = step_of(text)
    after = edit.edited(text, step)
    trust = read_yaml(after)["config"]
    key = next(one for one in edit.KEYS if one in trust)
    assert trust[key] == step.applied(read_yaml(text)["config"].get(key))
    assert ("\r\n" in after) == ("\r\n" in text)
    # A new item is indented as the others are.
    assert len({found[1] for found in re.finditer(r"^( *- +)\S", after, re.M)}) <= 1
    lost = [one for one in comments_of(text) if one not in comments_of(after)]
    # Those beside the lines of what is removed go with it.
    assert not lost or step.removed or step.without_signer
    assert len(lost) <= 2 * bool(step.removed) + step.without_signer
    unchanged = [line for line in text.splitlines() if not re.search("state|signer|root", line)]
    assert [line for line in after.splitlines() if line in unchanged] == unchanged


@pytest.mark.parametrize("end", ["", "\n", "\n# the end\n"])
@pytest.mark.parametrize(
    ("trust", "lines"),
    [
        ("", ["anchors:", "- name: root", "  state: active"]),
        ("    validity: {renewalDays: 50}", ["anchors:", "- name: root", "  state: active"]),
    ],
)
def test_default_anchors_are_written_with_their_states(
    trust: str, lines: list[str], end: str
) -> None:
    key = f"  {edit.KEYS[0]}:\n" if trust else ""
    text = HEAD + key + trust + end
    after = edit.edited(text, step_of(text))
    assert all(line in after for line in lines)
    assert comments_of(text) == comments_of(after)
    anchors = read_yaml(after)["config"][edit.KEYS[0]]["anchors"]
    assert anchors == [
        {"name": "root", "state": "active"},
        {"name": "root-2", "state": "prepared"},
    ]


def test_three_steps_replace_an_anchor_and_end_as_they_began(tmp_path: Path) -> None:
    path = tmp_path / "Pulumi.shop.yaml"
    path.write_text(f"{HEAD}# the end\n")
    path.chmod(0o640)
    seen: list[list[tuple[str, str | None]]] = []
    for _ in range(3):
        edit.write(path, next_step(load_stack_file(path).trust_anchor))
        anchors = load_stack_file(path).trust_anchor.anchors
        seen.append([(one.name, one.state) for one in anchors])
    assert seen == [
        [("root", "active"), ("root-2", "prepared")],
        [("root", "tainted"), ("root-2", "active")],
        [("root-2", "active")],
    ]
    assert comments_of(path.read_text()) == [*comments_of(HEAD), "# the end"]
    assert path.stat().st_mode & 0o777 == 0o640
    assert [one.name for one in tmp_path.iterdir()] == [path.name]
    assert next_step(load_stack_file(path).trust_anchor).added == "root-3"


def test_a_certificate_is_kept_or_removed_as_a_whole() -> None:
    block = "".join(f"          {line}\n" for line in PEM.splitlines())
    one = f"      - name: house\n        certificate: |\n{block}        state: tainted   # old\n"
    text = f"{HEAD}  trustAnchor:\n    anchors:\n{one}      - name: root\n        state: active\n"
    after = edit.edited(text, step_of(text))
    assert "CERTIFICATE" not in after and "# old" not in after
    assert read_yaml(after)["config"]["trustAnchor"]["anchors"] == [
        {"name": "root", "state": "active"}
    ]


@pytest.mark.parametrize(
    "trust",
    [
        "  trustAnchor: &t {anchors: [{name: root}]}\n  other:key: *t\n",
        '  trustAnchor: \'{"anchors": [{"name": "root"}]}\'\n',
        "  other:key: &a [{name: root}]\n  trustAnchor:\n    anchors: *a\n",
        "  trustAnchor:\n    anchors:\n      - &one\n        name: root\n    other: *one\n",
    ],
)
def test_a_form_that_cannot_be_edited_exactly_is_refused(trust: str) -> None:
    with pytest.raises(UneditableError):
        edit.edited(HEAD + trust, Step("begin", {"root": "active"}, "root-2"))


def test_a_comment_between_entries_on_one_line_is_not_lost() -> None:
    trust = "  trustAnchor:\n    anchors: [{name: a}, # why\n      {name: b, state: active}]\n"
    assert "# why" in edit.edited(HEAD + trust, Step("begin", {"a": "tainted"}, "c"))
    with pytest.raises(UneditableError, match="comment between"):
        edit.edited(HEAD + trust, Step("end", removed="a"))


def test_a_refused_file_stays_as_it_is_and_the_lines_to_write_are_named(tmp_path: Path) -> None:
    path = tmp_path / "Pulumi.shop.yaml"
    text = f'{HEAD}  trustAnchor: \'{{"anchors": [{{"name": "root", "state": "active"}}]}}\'\n'
    path.write_text(text)
    with pytest.raises(RotationError, match="is left as it is") as caught:
        edit.write(path, next_step(load_stack_file(path).trust_anchor))
    assert "- name: root-2" in caught.value.remedy
    assert "state: prepared" in caught.value.remedy
    assert path.read_text() == text
    assert [one.name for one in tmp_path.iterdir()] == [path.name]


def anchors(*given: Any, signer: str | None = None) -> Any:
    trust: dict[str, Any] = {
        "anchors": [{"name": name, **({"state": state} if state else {})} for name, state in given]
    }
    if signer is not None:
        trust["signer"] = signer
    return load_settings({"clusters": {"a": {"context": "a"}}, "trustAnchor": trust}, "t")


def test_anchors_without_states_are_for_the_user_to_name() -> None:
    config = anchors(("root", None), ("root-2", None), signer="root-2")
    with pytest.raises(RotationError) as caught:
        next_step(config.trust_anchor)
    assert "state: active under the anchor root-2" in caught.value.remedy
    assert "remove trustAnchor.signer" in caught.value.remedy


def test_the_successor_of_a_provided_anchor_is_provided_too() -> None:
    trust = {"anchors": [{"name": "house", "state": "active", "certificate": PEM}]}
    issued = {"issuer": "house", "webhooks": True}
    config = load_settings(
        {
            "clusters": {"a": {"context": "a", "certManager": {}}},
            "trustAnchor": {**trust, "certManager": issued},
        },
        "t",
    )
    with pytest.raises(RotationError, match="has to be provided too") as caught:
        next_step(config.trust_anchor)
    assert "house-2" in caught.value.remedy


@settings(deadline=None)
@given(st.lists(st.integers(2, 30), max_size=3, unique=True), st.integers(0, 3))
@example([], 0)
def test_a_new_anchor_has_a_name_that_no_other_has(numbers: list[int], signs: int) -> None:
    names = ["root", *(f"root-{number}" for number in numbers)]
    active = names[signs % len(names)]
    given_states = [(name, "active" if name == active else "prepared") for name in names]
    only = [(active, "active")]
    assert next_step(anchors(*only).trust_anchor).added not in names[:1]
    step = next_step(anchors(*given_states).trust_anchor)
    assert bool(step.added) == (len(names) == 1)
