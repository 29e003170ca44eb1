"""YAML as people and Kubernetes read it (how it is read: `kube/documents.py`)."""

from __future__ import annotations

import re
from typing import Any

import yaml

try:
    from yaml import CSafeDumper as _BaseDumper
except ImportError:  # PyYAML without libyaml is slower, and else the same
    from yaml import SafeDumper as _BaseDumper  # type: ignore[assignment]

_PLAIN = re.compile(r"^[A-Za-z/][^\n]*$")


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


_Dumper.add_representer(str, _represent_text)


def dump(document: Any) -> str:
    """A document as YAML text, keys in the order in which they come."""
    return yaml.dump(document, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=10_000)
