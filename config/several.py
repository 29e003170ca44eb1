"""The list form of `ambassador`: from what a stack file has to models, and back in problems.

The models have one main Ambassador, the gateway's or else the first, and the others.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from config.language.formats import is_dns_label
from config.language.problems import Problem, step
from config.rules.several import OTHERS


@dataclass
class Several:
    """Which clusters of a stack file have a list, and what is wrong with the lists themselves."""

    clusters: Any
    """The clusters with the main Ambassador under `ambassador`."""
    order: dict[str, list[int]] = field(default_factory=dict)
    """Places in the list, the main Ambassador's first, by key paths of clusters."""
    names: dict[str, dict[str, int]] = field(default_factory=dict)
    """Places in the list by names of Ambassadors, by key paths of clusters."""
    problems: list[Problem] = field(default_factory=list)

    def placed(self, problem: Problem) -> Problem:
        """The problem with the places that the Ambassadors have in the file."""
        if not self.order:
            return problem
        return replace(
            problem,
            path=self._renamed(problem.path),
            message=self._renamed(problem.message),
            remedy=self._renamed(problem.remedy),
        )

    def _renamed(self, text: str) -> str:
        for path, order in self.order.items():
            front = re.escape(path)

            def other(found: re.Match[str], path: str = path, order: list[int] = order) -> str:
                return f"{path}.ambassador[{order[int(found[1]) + 1]}]"

            def named(found: re.Match[str], path: str = path) -> str:
                return f"{path}.ambassador[{self.names[path].get(found[1], found[1])}]"

            text = re.sub(rf"{front}\.ambassador\[([^\]]+)\]", named, text)
            main = rf"{path}.ambassador[{order[0]}]".replace("\\", r"\\")
            text = re.sub(rf"{front}\.ambassador(?![\w\[])", main, text)
            text = re.sub(rf"{front}\.{OTHERS}\[(\d+)\]", other, text)
        return text


def _named_after(name: str) -> dict[str, str]:
    """What has the name of its Ambassador by default; nothing where only the name is to blame."""
    return {"namespace": name, "ambassadorId": name} if is_dns_label(name) else {}


def split(clusters: Any) -> Several:
    """Clusters whose lists of Ambassadors are taken apart; all else is as it was."""
    if not isinstance(clusters, Mapping):
        return Several(clusters)
    found = Several(dict(clusters))
    for name, cluster in clusters.items():
        if not isinstance(cluster, Mapping):
            continue
        path = f"clusters.{step(str(name))}"
        if OTHERS in cluster:
            found.problems.append(
                Problem(
                    f"{path}.{OTHERS}",
                    "unknown key",
                    "leave it out, and write a list under ambassador",
                )
            )
        listed = cluster.get("ambassador")
        if not isinstance(listed, list):
            continue
        if not listed:
            found.problems.append(
                Problem(
                    f"{path}.ambassador",
                    "this list is empty",
                    "write at least one Ambassador, or leave ambassador out",
                )
            )
        unnamed = [
            place
            for place, one in enumerate(listed)
            if not isinstance(one, Mapping) or not isinstance(one.get("name"), str)
        ]
        for place in unnamed:
            found.problems.append(
                Problem(
                    f"{path}.ambassador[{place}]",
                    "each Ambassador of a list needs a name",
                    "write its keys, name among them, after '- '",
                )
            )
        each = [
            {**_named_after(one["name"]), **one}
            for place, one in enumerate(listed)
            if place not in unnamed
        ]
        places = [place for place in range(len(listed)) if place not in unnamed]
        gateways = [i for i, one in enumerate(each) if one.get("gateway") is not None]
        order = [*gateways[:1], *(i for i in range(len(each)) if i not in gateways[:1])]
        rest = {key: value for key, value in cluster.items() if key not in ("ambassador", OTHERS)}
        found.clusters[name] = {
            **rest,
            **({"ambassador": each[order[0]]} if each else {}),
            OTHERS: [each[i] for i in order[1:]],
        }
        if each:
            found.order[path] = [places[i] for i in order]
            found.names[path] = {one["name"]: places[i] for i, one in enumerate(each)}
    return found
