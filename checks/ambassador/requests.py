"""Whether a request to each route is answered, where one can be made."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from checks.ambassador.ambassador import kind_of
from checks.ambassador.asking import Question
from checks.ambassador.front import front
from checks.ambassador.inbound import POLICY, judged, public_ports, shut_to_unmeshed
from checks.ambassador.questions import questions
from checks.ambassador.routes import all_mappings, objects
from checks.facts.case import Answer, ClusterCase
from checks.facts.check import Check, Phase
from checks.facts.objects import addresses
from checks.facts.results import Finding, failure, ok, skipped, warning
from checks.facts.view import Unseen
from config.ambassador.ambassador import AmbassadorConfig
from config.ambassador.routes import MappingConfig
from vocabulary.kinds import (
    ENDPOINTS,
    HOST,
    MAPPING,
    name_of,
)


def requests(case: ClusterCase) -> Iterator[Finding]:
    """A request to every route is answered, where one could be made."""
    config = case.config.ambassador
    if config is None:
        return
    asked = questions(case.mesh, case.name, case.view)
    for mapping in all_mappings(case.mesh, case.name):
        yield _request(case, config, mapping, asked)


def _request(
    case: ClusterCase,
    config: AmbassadorConfig,
    mapping: MappingConfig,
    asked: Mapping[str, Question] | str,
) -> Finding:
    title = f"a request for {mapping.prefix} is answered (Mapping {mapping.name})"
    if case.view.get(MAPPING, config.namespace, mapping.name) is None:
        return skipped(title, "the request was not made: the Mapping does not exist")
    if mapping.unasked is not None:
        return skipped(title, f"the request was not made: {mapping.unasked}")
    if isinstance(asked, str):
        return skipped(title, f"the request was not made: {asked}")
    answer = case.answers.get(mapping.name)
    if answer is None:
        return skipped(title, "the requests timed out before it")
    return _judged(title, answer, case, config)


def _judged(title: str, answer: Answer, case: ClusterCase, config: AmbassadorConfig) -> Finding:
    status, url = answer.status, answer.url
    if status is None:
        known = _unanswered(case, config)
        if known is not None:
            return failure(title, f"GET {url} fails ({answer.detail}): {known[0]}", known[1])
        return warning(
            title,
            f"GET {url} from this machine fails ({answer.detail})",
            "check that the load balancer is up and that this machine can reach it "
            "(firewall, ambassador.service.sourceRanges)",
        )
    answered = f"GET {url} gives status {status}"
    if 200 <= status < 400:
        return ok(title, f"{answered}, which was not followed" if status >= 300 else answered)
    if status == 403 and not answer.named and not answer.upstream:
        return failure(
            title,
            f"{answered}: Linkerd's proxy in Ambassador's pod refused it, not Ambassador"
            f"{_policy(case)}",
            "see the lines about policy: an inbound policy denies this port to clients outside "
            "the mesh",
        )
    logs = f"`kubectl -n {config.namespace} logs {kind_of(config).name.lower()}/{config.workload}`"
    if status == 404 and not answer.upstream:
        return failure(
            title,
            f"{answered}: Ambassador has no such route",
            f"check that a Host and a Listener match, and see {logs}",
        )
    if status >= 500:
        return failure(
            title,
            f"{answered}: the Service behind the route fails",
            f"see its pods, and {logs}",
        )
    return warning(
        title,
        f"{answered}: the request arrived and was refused",
        "check whether this path needs a login",
    )


def _policy(case: ClusterCase) -> str:
    """What shuts Ambassador's public ports, where that is known."""
    shut = _shut(case)
    return f" ({shut[0]})" if shut else ""


def _shut(case: ClusterCase) -> list[str]:
    try:
        ports = judged(case, public_ports(case))
    except Unseen:
        # The check of policies reports it.
        return []
    return [fault for one in ports if (fault := shut_to_unmeshed(one)) is not None]


def _unanswered(case: ClusterCase, config: AmbassadorConfig) -> tuple[str, str] | None:
    """Why nothing answers and what to do, where the cluster itself shows it."""
    service = front(case.view, config)
    found = service and case.view.get(ENDPOINTS, config.namespace, name_of(service))
    if service and found is not None and not any(addresses(found)):
        return (
            f"no ready pod backs Service {name_of(service)}",
            f"see the lines about Ambassador, and `kubectl -n {config.namespace} get pods,events`",
        )
    shut = _shut(case)
    if shut:
        return shut[0], "see the lines about policy"
    return None


CHECKS = (Check("requests", Phase.LAST, requests, (*POLICY, objects(MAPPING, HOST)), order=11),)
