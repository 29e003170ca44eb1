"""Stack files broken in every way that could be thought of: always a clear error, never a crash.

Each example begins with a valid stack file, shipped or drawn, and breaks it.
"""

from __future__ import annotations

import copy
import datetime
import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from config import Problem, StackFileError, load_stack_file
from tests.stack_builders import (
    EXAMPLES,
    FREE,
    ROOT,
    SHIPPED,
    Location,
    Settings,
    joined,
    pair,
    places,
    shipped,
    stack_text,
    valid_settings,
)

TRACES = re.compile(
    "pydantic|function-|validation error|input_value|type=|Traceback|ValueError|JsonValue|"
    r"Annotated|<class|\[key\]|constrained|nullable|None\b|ConstructorError|yaml\.org"
)
"""Words that only authors of this code would understand."""


def load(data: bytes) -> tuple[Problem, ...]:
    """What is wrong with a file of this content; nothing for a valid one."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "Pulumi.test.yaml"
        file.write_bytes(data)
        try:
            load_stack_file(file)
        except StackFileError as error:
            assert str(error).replace("\n", "").isprintable()
            assert len(error.problems) == len(set(error.problems))
            return error.problems
    return ()


def assert_clear(problems: tuple[Problem, ...]) -> None:
    """Every problem names its place, says what is wrong there and what to write instead."""
    assert problems
    for problem in problems:
        assert problem.path
        for sentence in (problem.message, problem.remedy):
            assert 8 < len(sentence) < 400, sentence
            assert "\n" not in sentence
            assert not sentence.endswith(".")
            assert not sentence.startswith(("Input", "Value", "String", "Field")), sentence
            # What the user wrote is in quotes and may be anything.
            assert not TRACES.search(re.sub(r"'.*'", "", sentence)), sentence


BASES = st.one_of(
    st.sampled_from(SHIPPED + EXAMPLES).map(shipped),
    st.just(None).map(lambda _: pair()),
    valid_settings(),
)


# Broken values ------------------------------------------------------------------------------

BROKEN_TEXTS = st.sampled_from(
    [[], ["a"], {}, {"a": 1}, True, {"secure": "v1:x"}, datetime.date(2026, 11, 21), b"\xff"]
)
BROKEN_NUMBERS = st.sampled_from(
    [-1, 0, 10**30, 1.5, float("nan"), float("inf"), True, [], {}, "", "0x50", b"8", "eighty"]
)
FROM_ZERO = (
    *("local", "mirrored", "sampling", "timeoutMs", "idleTimeoutMs", "numRetries"),
    *("maxConnections", "maxPendingRequests", "maxRequests", "maxRetries"),
)
"""Keys of numbers that 0 is one of."""
SECRETS = ("cloudConnectToken", "dockerConfigJson", "kubeconfig", "licenseKey", "privateKey")
"""Keys of texts that may be encrypted."""
OPTIONAL = ("ownService", "grpc", "linkerdHeaders", "bypassAuth")
"""Keys of flags whose default is neither true nor false: null is like leaving them out."""
BROKEN_FLAGS: st.SearchStrategy[Any] = st.sampled_from(["true", "yes", 1, 0, None, [], {}, 0.0])
BROKEN_MAPPINGS = st.sampled_from(["a", 7, [], [{}], True, 0.5, b"a"])
BROKEN_LISTS = st.sampled_from(["a", 7, {}, {"0": "a"}, True, [[]], ["a", None], {"secure": "x"}])
BAD_NAMES = st.sampled_from(
    ["", " ", "A", "a_b", "-a", "a-", "a..b", ".a", "ä", "a" * 254, "a b", "a\nb", "\x1b[1m", "a/b"]
)
BAD_FORMATS = {
    "version": [
        "",
        "4",
        "latest",
        "edge-26.8.3",
        "4.1",
        "v",
        "\u0664.\u0661.\u0660",
        "9" * 400 + ".1.1",
    ],
    "networks": ["", "10.0.0.0", "10.0.0.1/8", "10.0.0.0/33", "::/129", "a/8", "10.0.0.0/8 "],
    "sourceRanges": ["", "10.0.0.0", "10.0.0.1/8", "300.0.0.0/8"],
    "address": ["", "http://a.b", "1.2.3", "1.2.3.4.5", "a:80", "256.0.0.1", "a b"],
    "uid": ["", "x", "0123", "0" * 36, "01234567-89AB-4def-8123-456789abcdef"],
    "prefix": ["", "a", "a/", " /a", "/a b", "/ä", "http://a/b"],
    "service": ["", "http://", "a b", "http://a/b", "a:b", "a:99999", "ftp://a", "http://u:p@a"],
    "hostname": ["", "a b", "**", "*a", "a:0", "a:x", "-"],
    "cpuRequest": ["", "a", "1 core", "-1", "1e400", "100mm", "ten"],
    "memoryLimit": ["", "a", "250 Mi", "-1Mi", "1KiB"],
    "role": ["", "Source", "none"],
    "probe": ["", "tcp"],
    "imageRegistry": ["", " ", "a/", "https://a", "a b"],
    "directory": ["", "  ", "a\nb"],
    "context": ["", "  ", "a\tb"],
    "flavour": ["", "Emissary", "ambassador-edge-stack", "contour"],
    "apiVersion": ["", "v3", "getambassador.io/v2"],
    "redisUrl": ["", "redis", "redis:0", "redis://redis:6379", ":6379"],
    "email": ["", "ops", "ops@example", "a b@example.com"],
    "authority": ["", "none", "http://acme.example.com", "https://u:p@acme.example.com"],
    "healthPath": ["", "-/ambassador/ready", "/a b"],
    "mode": ["", "Gateway", "both"],
    "minVersion": ["", "1.2", "v1.4", "TLSv1.2"],
    "operator": ["", "in", "Equals"],
}
NAME_KEYS = {
    *("name", "namespace", "crdsNamespace", "serviceAccount", "source", "target", "domain"),
    *("workload", "secret", "issuer", "licenseSecret"),
}
REQUIRED = {
    "listeners": ("name", "port"),
    "hosts": ("name", "hostname"),
    "mappings": ("name", "prefix", "service"),
    "exports": ("namespace", "service"),
    "links": ("source", "target"),
    "imagePullSecrets": ("name",),
    "anchors": ("name",),
    "matchExpressions": ("key", "operator"),
}


@st.composite
def broken_values(draw: st.DrawFn) -> tuple[Settings, set[str]]:
    """Settings broken at one to three places, and the key paths of those places."""
    # Through JSON, so that no piece is at two places at once.
    settings = json.loads(json.dumps(draw(BASES)))
    broken: list[Location] = []
    for _ in range(draw(st.integers(1, 3))):
        free = [
            (location, value)
            for location, value in places(settings)
            if not any(_overlap(location, other) for other in broken)
        ]
        if free:
            location, value = draw(st.sampled_from(free))
            broken.append(draw(_breaking(settings, location, value)))
    return settings, {joined(location) for location in broken}


def _overlap(one: Location, other: Location) -> bool:
    shorter = min(len(one), len(other))
    return one[:shorter] == other[:shorter]


@st.composite
def _breaking(draw: st.DrawFn, settings: Settings, location: Location, value: Any) -> Location:
    """Break one place; the answer is where the error has to be."""
    key = next((part for part in reversed(location) if isinstance(part, str)), "")
    # The engine writes a secret as such a mapping.
    kinds = [BROKEN_TEXTS.filter(lambda text: key not in SECRETS or text != {"secure": "v1:x"})]
    if isinstance(value, bool):
        kinds = [BROKEN_FLAGS.filter(lambda flag: key not in OPTIONAL or flag is not None)]
    elif isinstance(value, int) and not key.startswith(("cpu", "memory")):
        # A weight or a share may be none at all.
        kinds = [BROKEN_NUMBERS.filter(lambda number: key not in FROM_ZERO or number != 0)]
    elif isinstance(value, dict):
        if location == ("clusters",) or key in FREE:
            kinds = [st.sampled_from(["a", 7, [], True])]
        else:
            kinds = [BROKEN_MAPPINGS, st.just("unknown key")]
            owner = location[-2] if isinstance(location[-1], int) and len(location) > 1 else ""
            present = [name for name in REQUIRED.get(str(owner), ()) if name in value]
            kinds += [st.sampled_from(present).map(lambda name: ("deleted", name))] * bool(present)
    elif isinstance(value, list):
        kinds = [BROKEN_LISTS]
    elif key in BAD_FORMATS:
        kinds += [st.sampled_from(BAD_FORMATS[key])] * 2
    elif key in NAME_KEYS:
        kinds += [BAD_NAMES] * 2
    damage = draw(st.one_of(kinds))
    if damage == "unknown key":
        value[
            draw(
                st.sampled_from(
                    ["zz", "x-y", "Clusters", "nmae", "str", "[key]", "a.b", "", 1, None, 0.5]
                )
            )
        ] = 1
        return location
    if isinstance(damage, tuple):
        del value[damage[1]]
        return (*location, damage[1])
    node: Any = settings
    for part in location[:-1]:
        node = node[part]
    node[location[-1]] = copy.deepcopy(damage)
    return location


@hypothesis_settings(
    max_examples=300,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(broken_values())
def test_every_broken_value_is_named_with_its_place(case: tuple[Settings, set[str]]) -> None:
    settings, broken = case
    problems = load(stack_text(settings).encode())
    assert_clear(problems)
    for path in broken:
        assert any(_names(problem, path) for problem in problems), (path, problems)
    # And nothing else is, for what follows from an error is mended with it.
    for problem in problems:
        assert any(_names(problem, path) for path in broken), (problem, broken)


def _names(problem: Problem, path: str) -> bool:
    """Whether a problem names a place; a list of Ambassadors that becomes one may be valid."""
    return any(_related(place, path) for place in (problem.path, *problem.about))


def _related(path: str, other: str) -> bool:
    """Whether one path is the other, or a part of it."""
    one, two = sorted((path, other), key=len)
    return two == one or two.startswith((f"{one}.", f"{one}[")) or one in ("", "config")


# Broken relations ---------------------------------------------------------------------------


@st.composite
def broken_relations(draw: st.DrawFn) -> tuple[Settings, str]:
    """Settings whose pieces are right and do not fit together, and where that shows."""
    linked = BASES.filter(lambda settings: settings.get("links"))
    settings: Settings = json.loads(json.dumps(draw(linked)))
    place = draw(st.integers(0, len(settings["links"]) - 1))
    link, clusters = settings["links"][place], settings["clusters"]
    source, target = clusters[link["source"]], clusters[link["target"]]
    kind = draw(
        st.sampled_from(["end", "self", "gateway", "role", "context", "again", "item", "loop"])
    )
    if kind == "end":
        end = draw(st.sampled_from(["source", "target"]))
        link[end] = draw(st.sampled_from([f"{link[end]}x", "nobody"]))
        return settings, f"links[{place}].{end}"
    if kind == "self":
        link["source"] = link["target"]
        return settings, f"links[{place}].target"
    if kind == "gateway":
        # A flat link needs none.
        link.pop("flatNetwork", None)
        target.pop("ambassador", None)
        return settings, f"links[{place}].target"
    if kind == "role":
        target["role"] = "source"
        return settings, f"links[{place}].target"
    if kind == "context":
        target["context"] = source["context"]
        later = max(link["source"], link["target"], key=list(clusters).index)
        return settings, f"clusters.{later}.context"
    if kind == "again":
        settings["links"].append(link)
        return settings, f"links[{len(settings['links']) - 1}]"
    if kind == "loop":
        link.pop("flatNetwork", None)
        for cluster in (source, target):
            cluster["ambassador"] = {"gateway": {}, "serviceAccount": "one"}
            cluster["linkerd"] = {}
            cluster["domain"] = "cluster.local"
            cluster.pop("sample", None)
        return settings, f"links[{place}]"
    lists = [
        (location, value)
        for location, value in places(settings)
        if isinstance(value, list)
        and value
        and isinstance(value[0], dict)
        and len(location) > 1
        # Two equal conditions are one.
        and location[-1] != "matchExpressions"
    ]
    if not lists:
        link["exports"] = [{"namespace": "a", "service": "b"}] * 2
        return settings, f"links[{place}].exports[1]"
    location, value = draw(st.sampled_from(lists))
    value.append(dict(value[0]))
    return settings, f"{joined(location)}[{len(value) - 1}]"


@hypothesis_settings(max_examples=150, deadline=None, derandomize=True)
@given(broken_relations())
def test_every_broken_relation_is_named_with_its_place(case: tuple[Settings, str]) -> None:
    settings, path = case
    problems = load(stack_text(settings).encode())
    assert_clear(problems)
    assert any(problem.path == path or problem.path.startswith(f"{path}.") for problem in problems)


# Broken texts -------------------------------------------------------------------------------


def bomb(text: str, inner: str = "[{}]") -> str:
    """Thirty lines that expand to more values than there are atoms."""
    lines = ["zz0: &zz0 {x: 1}"]
    for place in range(1, 30):
        aliases = ", ".join([f"*zz{place - 1}"] * 9)
        lines.append(f"zz{place}: &zz{place} {inner.format(aliases)}")
    return text + "\n".join(lines) + "\n"


DAMAGE: dict[str, Any] = {
    "nothing left": lambda text: "",
    "cut in the middle of a word": lambda text: text[: text.index("context:") + 4],
    "a tab for indentation": lambda text: text.replace("    ", "\t", 1),
    "a bracket too many": lambda text: text.replace(": ", ": [", 1),
    "a bracket never closed": lambda text: text + "zz: {a: 1\n",
    "a quote never closed": lambda text: text + 'zz: "a\n',
    "a line too far to the left": lambda text: text.replace("\n      ", "\n ", 1),
    "a colon too few": lambda text: text.replace("config:", "config", 1),
    "two colons": lambda text: text.replace("config:", "config: a:", 1),
    "a key twice": lambda text: text + text,
    "a second document": lambda text: f"{text}---\n{text}",
    "an alias of nothing": lambda text: text + "zz: *nobody\n",
    "an alias of itself": lambda text: text + "zz: &zz [*zz]\n",
    "a merge of itself": lambda text: text + "zz: &zz\n  <<: *zz\n",
    "a merge of a text": lambda text: text + "zz:\n  <<: a\n",
    "a bomb of lists": bomb,
    "a bomb of merges": lambda text: bomb(text, "{{<<: [{}]}}"),
    "a tag that runs code": lambda text: text + "zz: !!python/object/apply:os.getcwd []\n",
    "a tag of nobody": lambda text: text + "zz: !nobody a\n",
    "a number that is none": lambda text: text + "zz: !!int a\n",
    "a flag that is none": lambda text: text + "zz: !!bool a\n",
    "a date that is none": lambda text: text + "zz: !!timestamp a\n",
    "a month too many": lambda text: text + "zz: 2026-13-01\n",
    "bytes that are none": lambda text: text + "zz: !!binary a\n",
    "a set": lambda text: text + "zz: !!set {a, b}\n",
    "pairs": lambda text: text + "zz: !!pairs [a: 1]\n",
    "a number of ten thousand digits": lambda text: text + f"zz: {'9' * 10000}\n",
    "a list as a key": lambda text: text + "? [a]\n: b\n",
    "a mapping as a key": lambda text: text + "? {a: b}\n: c\n",
    "a date as a key": lambda text: text + "2026-11-21: a\n",
    "nothing as a key": lambda text: text + "~: a\n",
    "lists ten thousand deep": lambda text: text + "zz: " + "[" * 10000,
    "mappings a hundred deep": lambda text: text + "zz: " + "{a: " * 100 + "}" * 100 + "\n",
    "an indentation ever deeper": lambda text: (
        text + "".join(" " * depth + "zz:\n" for depth in range(1200))
    ),
    "a control character": lambda text: text + "zz: a\x00b\n",
    "half a character": lambda text: text + 'zz: "\\ud800"\n',
    "an escape for the terminal": lambda text: text + '"\\e[2J": a\n',
    "a directive that is none": lambda text: "%YAML 9.9\n---\n" + text,
    "a list at the top": lambda text: f"- {text.splitlines()[0]}\n",
    "only the other packages' settings": lambda _: "config:\n  kubernetes:strictMode: 'true'\n",
    "another project's name": lambda text: text.replace("linkerd-amb", "linkerd-emb"),
    "JSON that ends too early": lambda _: '{"config": {"linkerd-ambassador-mesh:clusters": {',
    "another form of text": lambda text: text.encode("utf-16"),
    "letters of another time": lambda text: text.encode() + "zz: ä\n".encode("latin-1"),
    "a picture": lambda text: b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 9,
    "an archive": lambda text: b"\x1f\x8b\x08\x00" + bytes(range(255, 0, -1)),
    "more than anybody writes": lambda text: text + "#" * 1_000_000,
}


@pytest.mark.parametrize("name", SHIPPED)
@pytest.mark.parametrize("damage", DAMAGE)
def test_every_broken_text_is_answered_with_a_clear_error(name: str, damage: str) -> None:
    broken = DAMAGE[damage](stack_text(shipped(name)))
    assert_clear(load(broken.encode() if isinstance(broken, str) else broken))


SNIPPETS = [
    *(letter.encode() for letter in "\t \n:-[]{}&*!|>'\"%@`#,?~=<\\0"),
    *(b"\xff", b"\x00", b"\xef\xbb\xbf", b"\xc3", b": ", b"- ", b"<<: ", b"&a ", b"*a ", b"---\n"),
    *(b"!!int ", b"!!float ", b"!!set ", b"!!omap ", b"!!str ", b".nan", b"2026-11-21", b"\r\n"),
    *(
        b"0x",
        b"0b1",
        b"1_0",
        b"1:30",
        b"1e9",
        b"null",
        b"yes",
        b"{secure: v1:x}",
        b"\\ud800",
        b"\xe2\x80\xa8",
    ),
]


@st.composite
def scribbled_on(draw: st.DrawFn) -> bytes:
    """A stack file in which up to six pieces were cut out, repeated or written over."""
    text = stack_text(draw(BASES)).encode()
    for _ in range(draw(st.integers(1, 6))):
        begin = draw(st.integers(0, len(text)))
        end = min(len(text), begin + draw(st.integers(0, 30)))
        put = draw(st.sampled_from([b"", text[begin:end] * 2, *SNIPPETS]))
        text = text[:begin] + put + text[end:]
    return text


@hypothesis_settings(max_examples=300, deadline=None, derandomize=True)
@given(scribbled_on())
def test_scribbling_on_a_stack_file_is_never_answered_with_a_crash(text: bytes) -> None:
    problems = load(text)
    if problems:
        assert_clear(problems)


@hypothesis_settings(max_examples=100, deadline=None, derandomize=True)
@given(
    st.binary(max_size=200)
    | st.text(max_size=200).map(lambda text: text.encode("utf-8", "replace"))
)
def test_noise_is_answered_with_a_clear_error(noise: bytes) -> None:
    assert_clear(load(noise))


# The command line ---------------------------------------------------------------------------


def validate_cli(path: Path) -> subprocess.CompletedProcess[str]:
    """`./mesh validate` on a file, run as a program."""
    return subprocess.run(
        [sys.executable, ROOT / "cli" / "__main__.py", "validate", path],
        capture_output=True,
        text=True,
        env={**os.environ, "COLUMNS": "100"},
        timeout=120,
        check=False,
    )


@pytest.mark.parametrize("damage", list(DAMAGE)[::3])
def test_the_command_line_answers_a_broken_file_with_exit_2(damage: str, tmp_path: Path) -> None:
    file = tmp_path / "Pulumi.test.yaml"
    broken = DAMAGE[damage](stack_text(pair()))
    file.write_bytes(broken.encode() if isinstance(broken, str) else broken)
    done = validate_cli(file)
    assert done.returncode == 2, done.stderr
    assert done.stdout == ""
    assert file.name in done.stderr
    assert "Traceback" not in done.stderr
