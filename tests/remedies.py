"""Follows remedies mechanically: the stack files that a user gets who does what a problem says."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator
from contextlib import suppress
from itertools import islice
from typing import Any

from config.language.problems import Problem, steps
from tests.remedy_readings import READINGS
from tests.stack_builders import DELETED, Settings, problems


def followed(settings: Settings, problem: Problem) -> Iterator[Settings]:
    """The settings after each way to follow a problem's remedy; none where it is not understood."""
    for pattern, change in READINGS:
        for clause in clauses(problem.remedy):
            found = pattern.match(clause)
            # What does not fit the settings is no way to follow it.
            with suppress(KeyError, IndexError, TypeError, ValueError, AttributeError):
                for changes in change(settings, problem, found) if found is not None else ():
                    with suppress(KeyError, IndexError, TypeError, ValueError, AttributeError):
                        yield _with(settings, changes)


def mended(settings: Settings, problem: Problem, depth: int = 2) -> bool:
    """Whether following a remedy leaves fewer problems.

    What was hidden by the problem may come to light instead: its remedy is followed in turn. A key
    that was added and is wrong itself was not hidden.
    """
    before = problems(settings)
    after = []
    tried = {repr(settings)}
    for result in islice(followed(settings, problem), 150):
        if repr(result) in tried:
            continue
        tried.add(repr(result))
        left = problems(result)
        if len(left) < len(before):
            return True
        if depth > 1 and problem not in left and len(left) == len(before):
            new = next(item for item in left if item not in before)
            if new.path == problem.path or _holds(settings, new.path) == _holds(result, new.path):
                after.append((result, new))
    return any(mended(result, item, depth - 1) for result, item in after[:3])


def _holds(settings: Settings, path: str) -> bool:
    """Whether there is something at a key path."""
    node: Any = settings
    for part in steps(path):
        if part not in (node if isinstance(node, dict) else range(len(node))):
            return False
        node = node[part]
    return True


def clauses(remedy: str) -> list[str]:
    """What a remedy offers, one thing each."""
    parts = re.split(
        r"(?:[,;] (?:or |and )?| or | and )"
        r"(?=(?:write|leave|name|remove|set|use|add|rename|correct|choose|raise|have|shorten) )",
        remedy,
    )
    return [part.strip() for part in parts]


def _with(settings: Settings, changes: dict[str, Any]) -> Settings:
    result = copy.deepcopy(settings)
    for path, value in changes.items():
        *before, last = steps(path)
        node: Any = result
        for part in before:
            if isinstance(node, dict):
                if node.get(part) is None:
                    node[part] = {}
                node = node[part]
            else:
                node = node[int(part)]
        if value is DELETED:
            del node[last]
        elif isinstance(node, list) and last == len(node):
            node.append(value)
        else:
            node[last] = value
    return result
