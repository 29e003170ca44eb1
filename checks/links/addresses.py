"""Whether mirrored Services have the addresses that their Link gives now.

A service mirror writes them again after every change of the Link and every minute (linkerd2
edge-26.8.3, ``multicluster/service-mirror/cluster_watcher.go``, repairEndpoints); where it does
not, requests go to an address that the gateway no longer has (linkerd2#10635).
"""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Address, IPv6Address, ip_address

from checks.facts.case import LinkCase
from checks.facts.check import WITH_LINKS, Check, Phase
from checks.facts.objects import addresses
from checks.facts.results import Finding, failure, ok, skipped
from checks.facts.view import View
from checks.links.gateways import mirrored
from checks.links.service_mirror import link_reads
from config.language.problems import some
from kube.answers import inner
from vocabulary.kinds import (
    ENDPOINTS,
    LINK,
    Object,
    labels_of,
    name_of,
    namespace_of,
)
from vocabulary.linkerd import MULTICLUSTER, REMOTE_DISCOVERY

IpAddress = IPv4Address | IPv6Address


def mirrored_addresses(case: LinkCase) -> Iterator[Finding]:
    """Endpoints of mirrored Services have the addresses of the Link, as the source resolves them.

    A name is what the service mirror last resolved it to, for its probe.
    """
    link = case.source.get(LINK, MULTICLUSTER, case.link.target)
    if link is None or case.link.flat_network:
        return
    title = "mirrored Services have the Link's addresses"
    listed = str(inner(link, "spec").get("gatewayAddress") or "").split(",")
    wanted = _addresses(listed)
    if len(wanted) < len(listed):
        probe = case.source.get(ENDPOINTS, MULTICLUSTER, f"probe-{case.link.target}")
        wanted = _of(probe)
        if not wanted:
            yield skipped(title, f"the source has not resolved {','.join(listed)}")
            return
    found = {
        f"{namespace_of(one)}/{name_of(one)}": addresses
        for one in mirrored(case.source, case.link.target)
        if (addresses := _of_mirror(case.source, one))
    }
    stale = {name: have for name, have in found.items() if have != wanted}
    if stale:
        differing = (
            f"{name} has {some(map(str, sorted(have, key=str)))}" for name, have in stale.items()
        )
        yield failure(
            title,
            f"{some(differing, 3)}, not {some(map(str, sorted(wanted, key=str)))}",
            f"run `kubectl -n {MULTICLUSTER} rollout restart deploy/controller-{case.link.target}`",
        )
    elif found:
        yield ok(title, some(map(str, sorted(wanted, key=str))))
    else:
        yield skipped(title, "no mirrored Service has an address")


def _of_mirror(source: View, mirror: Object) -> frozenset[IpAddress]:
    """The gateway's addresses in the Endpoints of a mirror; none where it goes through none.

    Those of a headless mirror are mirrors of its pods, and proxies ask for those of the others.
    """
    if REMOTE_DISCOVERY in labels_of(mirror) or inner(mirror, "spec").get("clusterIP") == "None":
        return frozenset()
    return _of(source.get(ENDPOINTS, namespace_of(mirror), name_of(mirror)))


def _of(endpoints: Object | None) -> frozenset[IpAddress]:
    return _addresses([*addresses(endpoints), *addresses(endpoints, "notReadyAddresses")])


def _addresses(texts: list[str]) -> frozenset[IpAddress]:
    """The IP addresses among texts, however they are written."""
    found: set[IpAddress] = set()
    for text in texts:
        try:
            found.add(ip_address(text.strip()))
        except ValueError:
            continue
    return frozenset(found)


CHECKS = (Check("exports", Phase.LINK, mirrored_addresses, link_reads, only=WITH_LINKS, order=52),)
