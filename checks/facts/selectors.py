"""Label selectors, as Kubernetes and Linkerd's policy controller match them.

Facts: Kubernetes docs, "Labels and Selectors"; linkerd2 edge-26.8.3,
``policy-controller/k8s/api/src/labels.rs``.
"""

from __future__ import annotations

from collections.abc import Mapping

from kube.answers import inner, items
from vocabulary.kinds import Object


def selects(selector: Object, labels: Mapping[str, str]) -> bool:
    """Whether a selector with matchLabels and matchExpressions matches these labels.

    An empty one matches all. An operator that is unknown matches nothing.
    """
    wanted = inner(selector, "matchLabels")
    return wanted.items() <= labels.items() and all(
        _holds(one, labels) for one in items(selector, "matchExpressions")
    )


def _holds(expression: Object, labels: Mapping[str, str]) -> bool:
    found = labels.get(str(expression.get("key")))
    values = expression.get("values") or []
    match expression.get("operator"):
        case "In":
            return found in values
        case "NotIn":
            return found not in values
        case "Exists":
            return found is not None
        case "DoesNotExist":
            return found is None
    return False
