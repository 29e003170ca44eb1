"""YAML as Kubernetes reads and people read it.

Kubernetes' reader and PyYAML disagree on plain scalars: to PyYAML ``2026-01-01`` is a date and
``1e3`` a text, to Kubernetes they are a text and a number.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import yaml

try:
    from yaml import CSafeDumper as _BaseDumper
    from yaml import CSafeLoader as _BaseLoader
except ImportError:  # PyYAML without libyaml is slower, and else the same
    from yaml import SafeDumper as _BaseDumper  # type: ignore[assignment]
    from yaml import SafeLoader as _BaseLoader  # type: ignore[assignment]

_FOREIGN = ("tag:yaml.org,2002:timestamp", "tag:yaml.org,2002:value")
_SEXAGESIMAL = re.compile(r"^[-+]?[0-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?$")
_PLAIN = re.compile(r"^[A-Za-z/][^\n]*$")


class _Loader(_BaseLoader):
    """Leaves dates and ``=`` as the texts they are."""

    yaml_implicit_resolvers = {
        first: [(tag, pattern) for tag, pattern in resolvers if tag not in _FOREIGN]
        for first, resolvers in _BaseLoader.yaml_implicit_resolvers.items()
    }


class _Dumper(_BaseDumper):
    """Writes long texts line by line, and quotes what might be read as a number."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _represent_text(dumper: _Dumper, text: str) -> yaml.ScalarNode:
    style = None
    if "\n" in text:
        style = "|"
    elif not _PLAIN.match(text):
        style = '"'
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


def _number(loader: _Loader, node: yaml.ScalarNode) -> Any:
    text = str(node.value)
    if _SEXAGESIMAL.match(text):
        return text
    if node.tag.endswith(":int"):
        return loader.construct_yaml_int(node)
    return loader.construct_yaml_float(node)


_Dumper.add_representer(str, _represent_text)
_Loader.add_constructor("tag:yaml.org,2002:int", _number)
_Loader.add_constructor("tag:yaml.org,2002:float", _number)


def load_all(text: str) -> Iterator[dict[str, Any]]:
    """The documents in a text that are mappings; raises yaml.YAMLError."""
    for document in yaml.load_all(text, Loader=_Loader):
        if isinstance(document, dict):
            yield document


def dump(document: Any) -> str:
    """A document as YAML text, keys in the order in which they come."""
    return yaml.dump(document, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=10_000)
