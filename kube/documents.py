"""YAML as Kubernetes reads it.

Kubernetes' reader and PyYAML disagree on plain scalars: to PyYAML ``2026-01-01`` is a date and
``1e3`` a text, to Kubernetes they are a text and a number.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import yaml

try:
    from yaml import CSafeLoader as _BaseLoader
except ImportError:  # PyYAML without libyaml is ten times slower, and else the same
    from yaml import SafeLoader as _BaseLoader  # type: ignore[assignment]

_FOREIGN = ("tag:yaml.org,2002:timestamp", "tag:yaml.org,2002:value")
_SEXAGESIMAL = re.compile(r"^[-+]?[0-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?$")


class _Loader(_BaseLoader):
    """Leaves dates and ``=`` as the texts they are."""

    yaml_implicit_resolvers = {
        first: [(tag, pattern) for tag, pattern in resolvers if tag not in _FOREIGN]
        for first, resolvers in _BaseLoader.yaml_implicit_resolvers.items()
    }


def _number(loader: _Loader, node: yaml.ScalarNode) -> Any:
    text = str(node.value)
    if _SEXAGESIMAL.match(text):
        return text
    if node.tag.endswith(":int"):
        return loader.construct_yaml_int(node)
    return loader.construct_yaml_float(node)


_Loader.add_constructor("tag:yaml.org,2002:int", _number)
_Loader.add_constructor("tag:yaml.org,2002:float", _number)


def load(text: str) -> Any:
    """The plain data of a text with one document; raises yaml.YAMLError."""
    return yaml.load(text, Loader=_Loader)


def load_all(text: str) -> Iterator[Any]:
    """The plain data of every document in a text; raises yaml.YAMLError."""
    return yaml.load_all(text, Loader=_Loader)
