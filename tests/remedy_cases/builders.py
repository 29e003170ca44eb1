"""Short stack files: one cluster, or a link between two."""

from __future__ import annotations

from typing import Any

from tests.stack_builders import Settings, changed

Wrong = list[tuple[str, Settings]]
"""Cases: a name, and a stack file that is refused."""

EXPORT = "links[0].exports[0]"
"""The only export of `linked`."""


def one(**cluster: Any) -> Settings:
    """One cluster with these settings."""
    return {"clusters": {"a": {"context": "a", **cluster}}}


def linkerd(**settings: Any) -> Settings:
    """One cluster with these settings of Linkerd."""
    return one(linkerd=settings)


def viz(ambassador: Any = None, **settings: Any) -> Settings:
    """One cluster with these settings of the viz extension."""
    shown = {"viz": {"enabled": True, **settings}}
    return one(linkerd=shown, **({} if ambassador is None else {"ambassador": ambassador}))


def edge(**settings: Any) -> Settings:
    """One cluster with these settings of its Ambassador."""
    return one(ambassador=settings)


def several(*ambassadors: Settings) -> Settings:
    """One cluster with these Ambassadors."""
    return one(ambassador=list(ambassadors))


def trusted(trust: Any, **cluster: Any) -> Settings:
    """One cluster with these settings of the trust anchor."""
    return {**one(**cluster), "trustAnchor": trust}


def linked(changes: Settings | None = None, **export: Any) -> Settings:
    """Two clusters and a link with one export; `changes` by their key paths."""
    given = {f"{EXPORT}.{key}": value for key, value in export.items()}
    return changed({**given, **(changes or {})})


def sources(*links: Settings, **target: Any) -> Settings:
    """A link each from the clusters a, b, … to the cluster t."""
    names = [chr(ord("a") + place) for place in range(len(links))]
    clusters = {name: {"context": name} for name in names}
    return {
        "clusters": {**clusters, "t": {"context": "t", "ambassador": {"gateway": {}}, **target}},
        "links": [
            {"source": name, "target": "t", **link} for name, link in zip(names, links, strict=True)
        ],
    }
