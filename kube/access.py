"""What a user may do, and how an API server is asked that.

Facts: Kubernetes docs, "Checking API access" (SelfSubjectAccessReview, which changes nothing).
"""

from __future__ import annotations

from typing import NamedTuple

from vocabulary.kinds import ACCESS_REVIEW


class Access(NamedTuple):
    """Something that the operator may or may not do."""

    verb: str
    group: str
    resource: str
    """Plural name; for a subresource, both with a slash between."""
    namespace: str = ""
    """Namespace, or empty for all namespaces and for kinds without one."""


def access_review(access: Access) -> dict[str, object]:
    """The body that asks whether one may do this."""
    resource, _, part = access.resource.partition("/")
    return {
        "apiVersion": ACCESS_REVIEW.api_version,
        "kind": ACCESS_REVIEW.name,
        "spec": {
            "resourceAttributes": {
                "verb": access.verb,
                "group": access.group,
                "resource": resource,
                **({"subresource": part} if part else {}),
                "namespace": access.namespace,
            }
        },
    }
