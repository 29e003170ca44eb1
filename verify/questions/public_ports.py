"""Questions about the public ports of a cluster's Ambassador. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from checks.ambassador.questions import host_header
from checks.facts.objects import balancer_addresses
from config.ambassador.ambassador import AmbassadorConfig
from verify import judge
from verify.questions.draft import Heading
from verify.questions.plan import HERE
from verify.questions.routes import Served, served
from vocabulary.kinds import name_of

CATEGORY = "ambassador"


def public_ports(
    heading: Heading, ambassador: AmbassadorConfig, others: Sequence[str], reason: str | None
) -> None:
    """Ask the public ports from inside the cluster, from another one, and from this machine.

    `others` are clusters whose pods can ask; with a `reason` nothing can be asked.
    """
    found = served(heading.draft, heading.cluster, ambassador)
    requests = list(_requests(found)) if found is not None else []
    if reason is None and not requests:
        reason = "there is no Service of Ambassador with a port for HTTP"
    if reason is None and ambassador.serves_nothing is not None:
        reason = f"it serves nothing: ambassador.{ambassador.serves_nothing} is empty"
    if reason is not None or found is None:
        title = "Ambassador's public ports answer"
        heading.skip(CATEGORY, title, reason or "there is no Service")
        return
    address = next(iter(balancer_addresses(found.service)), None)
    for scheme, port, header in requests:
        _inside(heading, scheme, f"{scheme}://{found.host}:{port}/", header)
        if address is None:
            heading.skip(
                CATEGORY,
                f"Ambassador answers from outside by {scheme}",
                f"Service {name_of(found.service)} has no load-balancer address",
            )
            continue
        where = f"[{address}]" if ":" in address else address
        _outside(heading, scheme, f"{scheme}://{where}:{port}/", header, others)


def _requests(found: Served) -> Iterator[tuple[str, int, str | None]]:
    """Scheme, port, and a Host header that fits, of each public port."""
    for scheme, port in found.ports.items():
        fitting = [site for site in found.sites if scheme == "http" or site.tls]
        if fitting or scheme == "http":
            yield scheme, port, host_header(fitting[0].hostname) if fitting else None


def _inside(heading: Heading, scheme: str, url: str, header: str | None) -> None:
    for who, what in (("client", "a meshed client"), ("outsider", "an unmeshed client")):
        source = heading.do(who, f"ambassador/{scheme}", "get", url=url, host=header)
        heading.expect(
            source,
            CATEGORY,
            f"{url} answers {what} of the cluster",
            judge.AnsweredByAmbassador(),
            key=f"{source[1]}/{who}",
        )


def _outside(
    heading: Heading, scheme: str, url: str, header: str | None, others: Sequence[str]
) -> None:
    task = f"{heading.name}/outside/{scheme}"
    expects = judge.AnsweredByAmbassador(outside=True)
    fields: dict[str, Any] = {"url": url, "host": header}
    if others:
        source = heading.draft.do(others[0], "outsider", task, "get", **fields)
        heading.expect(source, CATEGORY, f"{url} answers a client in {others[0]}", expects)
    else:
        heading.skip(
            CATEGORY,
            f"{url} answers a client in another cluster",
            "there is no other cluster whose pods could ask",
        )
    here = f"{task}/here"
    heading.draft.from_here.append({"id": here, "do": "get", **fields})
    heading.expect((HERE, here), CATEGORY, f"{url} answers this machine", expects)
