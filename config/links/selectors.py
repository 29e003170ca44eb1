"""Selectors of Services by their labels (Kubernetes API, LabelSelector)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Literal

from config.language.formats import LabelKey, Labels, LabelValue
from config.language.model import Model
from config.language.problems import Problem


class Requirement(Model):
    """One condition on labels (Kubernetes API, LabelSelectorRequirement)."""

    key: LabelKey
    """Key of the label."""
    operator: Literal["In", "NotIn", "Exists", "DoesNotExist"]
    """How the label's value is compared."""
    values: tuple[LabelValue, ...] = ()
    """Values that In and NotIn compare with."""

    def inconsistencies(self) -> Iterator[Problem]:
        """Missing values, or values that the operator does not accept."""
        if (self.operator in ("In", "NotIn")) != bool(self.values):
            yield Problem(
                "values",
                f"{self.operator} " + ("accepts no values" if self.values else "needs values"),
                "leave values out" if self.values else "write at least one value",
                about=("operator",),
            )

    def satisfied_by(self, labels: Mapping[str, str]) -> bool:
        """Whether labels satisfy it."""
        there = self.key in labels
        if self.operator == "Exists":
            return there
        if self.operator == "DoesNotExist":
            return not there
        fitting = there and labels[self.key] in self.values
        return fitting if self.operator == "In" else not fitting


class Selector(Model):
    """Services of the target, selected by their labels; an empty selector is refused."""

    match_labels: Labels = {}
    """Labels with their values."""
    match_expressions: tuple[Requirement, ...] = ()
    """Further conditions."""

    def inconsistencies(self) -> Iterator[Problem]:
        """A selector without conditions."""
        if not self.match_labels and not self.match_expressions:
            yield Problem(
                "",
                "a selector without a condition selects nothing",
                "write at least one label under matchLabels",
                about=("matchLabels", "matchExpressions"),
            )

    @property
    def keys(self) -> set[str]:
        """Keys of the labels that decide."""
        return {*self.match_labels, *(item.key for item in self.match_expressions)}

    def matches(self, labels: Mapping[str, str]) -> bool:
        """Whether it selects what has these labels."""
        return self.match_labels.items() <= labels.items() and all(
            item.satisfied_by(labels) for item in self.match_expressions
        )

    @property
    def query(self) -> str:
        """The same as a label query (Kubernetes docs, "Labels and Selectors")."""
        found = [f"{key}={value}" for key, value in self.match_labels.items()]
        for item in self.match_expressions:
            values = f"({','.join(item.values)})"
            form = {"In": f"{item.key} in {values}", "NotIn": f"{item.key} notin {values}"}
            form |= {"Exists": item.key, "DoesNotExist": f"!{item.key}"}
            found.append(form[item.operator])
        return ",".join(found)


class Selectors(Model):
    """Selectors of Services that their owners label; the program does not change these Services."""

    gateway: Selector | None = None
    """Services that are called through the gateway; ``mirror.linkerd.io/exported: "true"`` by
    default."""
    remote_discovery: Selector | None = None
    """Services whose pods are called directly; ``mirror.linkerd.io/exported: remote-discovery`` by
    default."""
    federated: Selector | None = None
    """Members of federated Services; ``mirror.linkerd.io/federated: member`` by default. The
    source's own members are selected alike, unless a link of it lists members by name."""
