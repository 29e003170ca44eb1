"""Ambassador and its objects name the same id: it reads no object with another one.

Fact: Emissary docs, "Running Ambassador", AMBASSADOR_ID.
"""

from __future__ import annotations

from collections.abc import Iterator

from checks.ambassador.ambassador import absent, pods, workload_of
from checks.ambassador.routes import all_mappings, objects
from checks.facts.case import ClusterCase
from checks.facts.check import Check, Phase
from checks.facts.objects import template_of
from checks.facts.results import UPDATE, Finding, failure, ok, skipped
from config.ambassador.ambassador import AmbassadorConfig
from config.ambassador.routes import HEALTH_MAPPING
from config.language.problems import some
from kube.ambassador_id import ids_of, variable
from kube.answers import inner
from vocabulary.ambassador import DEFAULT_ID, ID_FIELD, ID_VARIABLE
from vocabulary.kinds import HOST, LISTENER, MAPPING


def ids(case: ClusterCase) -> Iterator[Finding]:
    """The workload has the id of the stack file, and so do Listeners, Hosts and Mappings."""
    config = case.config.ambassador
    if config is None:
        return
    yield _workload(case, config)
    yield _objects(case, config)


def _workload(case: ClusterCase, config: AmbassadorConfig) -> Finding:
    title = f"Ambassador has the {ID_VARIABLE} {config.own_id}"
    workload = workload_of(case.view, config)
    if workload is None:
        return skipped(title, absent(config))
    found = variable(inner(template_of(workload), "spec"))
    if found is not None and not isinstance(found, str):
        return skipped(title, f"{config.workload} reads it from another object")
    if (found or DEFAULT_ID) == config.own_id:
        return ok(title)
    key = f"{case.ambassador_key}.ambassadorId"
    return failure(
        title,
        f"{config.workload} has {found or DEFAULT_ID}, so that it reads no object of the stack",
        UPDATE if config.installed else f"write {key}: {found or DEFAULT_ID}",
    )


def _objects(case: ClusterCase, config: AmbassadorConfig) -> Finding:
    title = f"objects of the stack file have the {ID_FIELD} {config.own_id}"
    view, space = case.view, config.namespace
    wanted = [(LISTENER, item.name) for item in config.all_listeners]
    if config.has_hosts:
        wanted += [(HOST, item.name) for item in case.inventory.hosts]
    wanted += [(MAPPING, item.name) for item in all_mappings(case.mesh, case.name)]
    wanted += [(MAPPING, HEALTH_MAPPING)] if config.gateway is not None else []
    found = {
        f"{kind.name} {name}": thing
        for kind, name in wanted
        if (thing := view.get(kind, space, name)) is not None
    }
    if not found:
        return skipped(title, "there are none")
    other = [name for name, thing in found.items() if config.own_id not in ids_of(thing)]
    if other:
        return failure(title, f"Ambassador does not read {some(other)}", UPDATE)
    return ok(title, some(list(found)))


_READS = (pods, objects(LISTENER, HOST, MAPPING))
CHECKS = (Check("ambassador", Phase.PARTS, ids, _READS, order=17),)
