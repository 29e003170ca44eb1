"""Objects whose fields two runs of Pulumi own, so that the next change of one is refused.

Fact: a run that is killed after it created an object leaves a field manager that the state does not
have; with a provider before 4.29 the next update takes the object over as another.
"""

from __future__ import annotations

from collections.abc import Iterator

from checks.facts.case import ClusterCase
from checks.facts.check import Check, Phase
from checks.facts.results import Finding, ok, warning
from config.language.problems import some
from kube.field_managers import contested
from vocabulary.kinds import name_of, namespace_of


def field_managers(case: ClusterCase) -> Iterator[Finding]:
    """No object that the checks read has fields of two runs."""
    title = "no object has fields of a killed update"
    found = [
        f"{thing['kind']} {'/'.join(filter(None, (namespace_of(thing), name_of(thing))))}"
        for thing in case.view.objects
        if contested(thing)
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
