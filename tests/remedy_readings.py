"""How clauses of remedies are read: what each changes in a stack file, by key paths."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import yaml

from config.language.problems import Problem, join, steps
from tests.stack_builders import DELETED, Settings, certificate, ec_key, key_pem

Changes = dict[str, Any]
"""Values by key paths, `DELETED` for what is to go."""
Reading = Callable[[Settings, Problem, re.Match[str]], Iterator[Changes]]

_KEY = r"[A-Za-z][\w-]*(?:\.[\w-]+|\[\d+\]|\[\"[^\"]+\"\])*"

FRESH = ("fresh-1", "/fresh/", "fresh.example.com", "fresh.shop", 18080, "192.0.2.77", "1.2.3.0/24")
"""What a user may write where a remedy asks for another value of their own."""


def _places(settings: Settings, problem: Problem, key: str) -> Iterator[str]:
    """Where a key of a remedy may be: as it is, or beside or above the problem's place."""
    if key.split(".", maxsplit=1)[0].split("[", maxsplit=1)[0] in (
        "clusters",
        "links",
        "trustAnchor",
        "charts",
    ):
        yield key
    above = list(steps(problem.path))
    while above:
        above.pop()
        yield join(_path(above), key)
    yield join(problem.path, key)
    for other in problem.about:
        if other.endswith(key):
            yield other


def _at(settings: Settings, path: str) -> Any:
    """What is at a key path; raises KeyError, IndexError or TypeError where nothing is."""
    node: Any = settings
    for part in steps(path):
        node = node[part]
    return node


def _path(location: list[int | str]) -> str:
    path = ""
    for part in location:
        path = join(path, f"[{part}]" if isinstance(part, int) else _step(part))
    return path


def _step(part: str) -> str:
    return part if re.fullmatch(r"[\w-]+", part) else f'["{part}"]'


def _value(text: str) -> Any:
    found = re.match(r"\{[^}]*\}|\[[^\]]*\]|\"[^\"]*\"|'[^']*'|[^\s,;]+", text.strip())
    return _read(found[0]) if found else None


def _read(text: str) -> Any:
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError:
        return text


def _delete(settings: Settings, problem: Problem, found: re.Match[str]) -> Iterator[Changes]:
    yield {problem.path: DELETED}
    for other in problem.about:
        yield {other: DELETED}


def _delete_named(settings: Settings, problem: Problem, found: re.Match[str]) -> Iterator[Changes]:
    names = re.findall(_KEY, re.sub(r"\b(or|and|both|out|to|have)\b", " ", found["keys"]))
    for name in names:
        for place in _places(settings, problem, name):
            yield {place: DELETED}
    if len(names) > 1:
        parent = problem.path.rpartition(".")[0]
        yield {join(parent, name): DELETED for name in names}


def _assign(settings: Settings, problem: Problem, found: re.Match[str]) -> Iterator[Changes]:
    value = _value(found["value"])
    for place in _places(settings, problem, found["key"]):
        yield {place: value}


def _replace(settings: Settings, problem: Problem, found: re.Match[str]) -> Iterator[Changes]:
    text = found["value"]
    value = _value(text)
    *above, last = steps(problem.path)
    parent: Any = settings
    for part in above:
        parent = parent[part]
    if re.match(r"unknown key|'|.* has no field", problem.message) and isinstance(parent, dict):
        yield {
            problem.path: DELETED,
            join(problem.path.rpartition(".")[0], str(value)): parent[last],
        }
    for item in (value, [value], str(value)):
        yield {problem.path: item}
    for item in re.findall(r"\"([^\"]+)\"|'([^']+)'|([\w./:*-]+)", text):
        word = next(filter(None, item))
        for one in (_read(word), word):
            yield {problem.path: one}
            yield {problem.path: [one]}
            for other in problem.about:
                yield {other: one}


def _fresh(settings: Settings, problem: Problem, found: re.Match[str]) -> Iterator[Changes]:
    named = re.findall(_KEY, found[0])
    places = [problem.path, *problem.about]
    places += [place for name in named for place in _places(settings, problem, name)]
    for place in places:
        for value in FRESH:
            yield {place: value}
            yield {place: [value]}


def _add(settings: Settings, problem: Problem, found: re.Match[str]) -> Iterator[Changes]:
    for value in FRESH:
        yield {join(problem.path, found["key"]): value}


def _move(settings: Settings, problem: Problem, found: re.Match[str]) -> Iterator[Changes]:
    node = _at(settings, problem.path)
    last = str(steps(problem.path)[-1])
    home = found["home"].replace("[]", "[0]")
    for cluster in settings["clusters"]:
        for place in _places(settings, problem, home.replace("<name>", cluster)):
            yield {problem.path: DELETED, join(place, last): node}


def _secret(settings: Settings, problem: Problem, found: re.Match[str]) -> Iterator[Changes]:
    yield {problem.path: DELETED}
    for name in re.findall(_KEY, found[0]):
        for place in _places(settings, problem, name):
            yield {place: {"secure": "v1:abc"}}
    yield {problem.path: {"secure": "v1:abc"}}


_CERTIFICATE = certificate()
_SAID: dict[str, Any] = {
    "write keys with values under it": {},
    "write a string, in quotes": "2026.8.3",
    "write a name for each cluster": {"a": {"context": "a"}},
    "write what `kubectl get namespace": "01234567-89ab-4def-8123-456789abcdef",
    "write the UID of this cluster's own": "11234567-89ab-4def-8123-456789abcdef",
    "write the whole block that begins with": _CERTIFICATE,
    "write JSON of the form": '{"auths": {"registry.example.com": {"auth": "YTpi"}}}',
    "write an address whose mail is read": "ops@example.com",
    "encrypt only the secrets in it": {"a": {"context": "a"}},
    "write less than": "24h",
    "provide the private key": key_pem(ec_key("house")),
    "write recipe": {"recipe": "velero"},
    "put it in quotes": "2026-11-30",
    "write sha256: and the 64 digits": f"sha256:{'0' * 64}",
    "write a list": [],
    "write a mapping": {},
    "write at least one label under matchLabels": {"matchLabels": {"exported": "yes"}},
}
"""What a user writes who reads a remedy that begins so."""


def _said(settings: Settings, problem: Problem, found: re.Match[str]) -> Iterator[Changes]:
    for beginning, value in _SAID.items():
        if found[0].startswith(beginning):
            yield {problem.path: value}


_REACHABLE = {
    "address": "https://fresh.example.com:6443",
    "certificateAuthority": _CERTIFICATE,
    "proxyUrl": "http://fresh.example.com:3128",
}
"""How a user describes an API server, by the keys of a remedy."""


def _reachable(settings: Settings, problem: Problem, found: re.Match[str]) -> Iterator[Changes]:
    for place in re.findall(_KEY, found["keys"]):
        above, _, key = place.rpartition(".")
        if above.endswith("apiServer"):
            yield {place: _REACHABLE[key]}


def _rename(settings: Settings, problem: Problem, found: re.Match[str]) -> Iterator[Changes]:
    """Another name for what is a key: a cluster, with the links that name it, or an annotation."""
    *above, last = steps(problem.path)
    for name in settings["clusters"]:
        changes: dict[str, Any] = {f"clusters.{_step(name)}": DELETED}
        changes["clusters.fresh"] = settings["clusters"][name]
        for place, link in enumerate(settings.get("links") or ()):
            for end in ("source", "target"):
                if link.get(end) == name:
                    changes[f"links[{place}].{end}"] = "fresh"
        if above != ["clusters"] or name == last:
            yield changes
    if "not the key of" in problem.message:
        parent: Any = settings
        for part in above:
            parent = parent[part]
        yield {problem.path: DELETED, _path([*above, "example.com/name"]): parent[last]}


def _under(settings: Settings, problem: Problem, found: re.Match[str]) -> Iterator[Changes]:
    for place in _places(settings, problem, found["key"]):
        yield {place: _value(found["value"])}


def _port(settings: Settings, problem: Problem, found: re.Match[str]) -> Iterator[Changes]:
    """Another port at the end of an address, and what is to be written with it."""
    place = join(problem.path.rpartition(".")[0], found["key"])
    node = _at(settings, place)
    yield {
        join(problem.path.rpartition(".")[0], found["with"]): _value(found["value"]),
        place: f"{node.rpartition(':')[0]}:{found['port']}",
    }


def _same(settings: Settings, problem: Problem, found: re.Match[str]) -> Iterator[Changes]:
    """What one of two places has, in both, or nothing in either."""
    for one in (problem.path, *problem.about):
        with suppress(KeyError):
            value = _at(settings, one)
            yield dict.fromkeys((problem.path, *problem.about), value)


def _port_out(settings: Settings, problem: Problem, found: re.Match[str]) -> Iterator[Changes]:
    listed = _at(settings, problem.path)
    yield {problem.path: [port for port in listed if str(port) != found["port"]]}


READINGS: list[tuple[re.Pattern[str], Reading]] = [
    (re.compile(pattern), change)
    for pattern, change in (
        (r".*", _said),
        (r"rename|write at most|.*\bname", _rename),
        (r"write (?P<keys>.+)", _reachable),
        (rf"write (?P<value>\S+) under (?P<key>{_KEY})", _under),
        (
            r"write (?P<with>\w+): (?P<value>\w+), and .* port (?P<port>\d+) under (?P<key>\w+)",
            _port,
        ),
        (r"write the same ", _same),
        (r"leave port (?P<port>\d+) out", _port_out),
        (r"leave (it|this|that|this entry|the key|that \w+) out", _delete),
        (r"(remove|use each|write each|write the exports of both|keep)", _delete),
        (r"leave out (?P<keys>.+)", _delete_named),
        (r"leave (?P<keys>.+?) out", _delete_named),
        (rf"(write|set) (?P<key>{_KEY}): (?P<value>.+)", _assign),
        (r"write it under (?P<home>\S+)", _move),
        (rf"add (?P<key>{_KEY})$", _add),
        (rf".*for example (?P<key>{_KEY}): (?P<value>.+)", _assign),
        (r".*for example (?P<value>.+)", _replace),
        (
            r"(write|name)( one of| at most| at least| for example| a number below| less than"
            r"| version| the| them as)? ?(?P<value>.+)",
            _replace,
        ),
        (r"(set|name) .*", _secret),
        (r"(write|name|add|choose|raise|rename|correct|shorten|use|set|begin|have) .*", _fresh),
    )
]
