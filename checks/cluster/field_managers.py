"""Objects whose fields two runs of Pulumi own, so that the next change of one is refused.

Fact: a run that is killed after it created an object leaves a field manager that the state does not
have; with a provider before 4.29 the next update applies the object again, as another manager.
"""

from __future__ import annotations

from collections.abc import Iterator

from checks.facts.case import ClusterCase
from checks.facts.check import Check, Phase
from checks.facts.results import Finding, ok, warning
from config.language.problems import some
from kube.field_managers import contested
from vocabulary.kinds import Kind, name_of, namespace_of


def field_managers(case: ClusterCase) -> Iterator[Finding]:
    """No object of the stack that the checks read has fields of two runs."""
    title = "no object has fields of a killed update"
    seen = {(Kind.of(one), namespace_of(one), name_of(one)): one for one in case.view.objects}
    found = [
        str(one)
        for one in case.inventory.objects
        if contested(seen.get((one.kind, one.namespace, one.name), {}))
    ]
    if found:
        yield warning(
            title,
            f"the next change of {some(found)} would be refused (`Apply failed with … conflict`)",
            "`./mesh recover STACK`",
        )
    else:
        yield ok(title)


CHECKS = (Check("releases", Phase.PARTS, field_managers, order=98),)
