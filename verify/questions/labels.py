"""Labels for a Service that a Link is to mirror. Pure."""

from __future__ import annotations

from config.links.selectors import Requirement, Selector


def labels_for(selector: Selector) -> dict[str, str] | None:
    """Labels that a selector matches, as few as can be; None where none do."""
    keys = dict.fromkeys((*selector.match_labels, *(c.key for c in selector.match_expressions)))
    labels: dict[str, str] = {}
    for key in keys:
        conditions = [one for one in selector.match_expressions if one.key == key]
        named = [value for one in conditions if one.operator == "In" for value in one.values]
        wanted = selector.match_labels.get(key)
        tried = (None, *named, "true", "verify", "mesh") if wanted is None else (wanted,)
        fitting = [value for value in tried if all(_satisfied(one, value) for one in conditions)]
        if not fitting:
            return None
        if fitting[0] is not None:
            labels[key] = fitting[0]
    return labels


def _satisfied(condition: Requirement, value: str | None) -> bool:
    """Whether a label's value satisfies a condition; None where the label is missing."""
    match condition.operator:
        case "In":
            return value in condition.values
        case "NotIn":
            return value not in condition.values
        case "Exists":
            return value is not None
        case "DoesNotExist":
            return value is None
