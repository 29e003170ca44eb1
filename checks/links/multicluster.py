"""Links: what source and target need for requests to arrive.

Facts: Linkerd docs, "Multi-cluster communication"; what `linkerd multicluster check` checks.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta

from checks.cluster.workloads import availability, workload
from checks.facts.case import ClusterCase, LinkCase
from checks.facts.check import Check, Phase
from checks.facts.listing import Listing, secrets
from checks.facts.objects import addresses
from checks.facts.results import UPDATE, Finding, Status, failure, ok, skipped, warning
from checks.facts.view import View, some
from checks.links.credentials import (
    CredentialsFault,
    Login,
    Outcome,
    login_of,
)
from checks.links.gateways import alive, link_address, mirrored
from checks.trust.pki import UnreadableError, decoded
from config.core.mesh import MeshConfig, gateway_identity
from config.links.link import LinkConfig, Selector
from config.variants.generation import Generation
from kube.answers import inner, items
from vocabulary.kinds import (
    CLUSTER_ROLE,
    CLUSTER_ROLE_BINDING,
    DEPLOYMENT,
    ENDPOINTS,
    LEASE,
    LINK,
    SECRET,
    SERVICE,
    SERVICE_ACCOUNT,
    Object,
    annotations_of,
    labels_of,
    name_of,
    namespace_of,
)
from vocabulary.linkerd import (
    CLUSTER_NAME,
    CREATED_BY,
    EXPORTED,
    EXTENSION,
    FEDERATED,
    LINK_CLUSTER_DOMAIN,
    LINK_CLUSTER_NAME,
    LINK_TRUST_DOMAIN,
    MIRRORED_GATEWAY,
    MIRRORED_SERVICE,
    MULTICLUSTER,
    SECRET_REMOTE_KUBECONFIG,
    credentials_secret,
)

LINK_VERSION = "v1alpha3"
_STALE = timedelta(seconds=90)
"""A Lease that was not renewed for so long has no current holder."""


def remote_access(case: LinkCase) -> Iterator[Finding]:
    """The target has a ServiceAccount for the source, with a role and a token."""
    account = case.link.service_account
    title = f"the target has ServiceAccount {account} with a role and a token"
    view = case.target
    missing = []
    if view.get(SERVICE_ACCOUNT, MULTICLUSTER, account) is None:
        missing.append("the ServiceAccount does not exist")
    if view.get(CLUSTER_ROLE, "", account) is None:
        missing.append("the ClusterRole does not exist")
    binding = view.get(CLUSTER_ROLE_BINDING, "", account)
    if binding is None:
        missing.append("the ClusterRoleBinding does not exist")
    elif not _binds(binding, account):
        missing.append("the ClusterRoleBinding does not bind the role to it")
    secret = view.get(SECRET, MULTICLUSTER, f"{account}-token")
    if secret is None:
        missing.append("the token's Secret does not exist")
    elif not inner(secret, "data").get("token"):
        missing.append("the token's Secret is empty, so the controller manager has not filled it")
    yield failure(title, "; ".join(missing), UPDATE) if missing else ok(title)


def _binds(binding: Object, account: str) -> bool:
    return inner(binding, "roleRef").get("name") == account and any(
        (subject.get("kind"), subject.get("namespace"), subject.get("name"))
        == ("ServiceAccount", MULTICLUSTER, account)
        for subject in items(binding, "subjects")
    )


def credentials(case: LinkCase) -> Iterator[Finding]:
    """Both credentials Secrets exist in the source, are equal, and work."""
    target = case.target_config
    name = credentials_secret(case.link.target)
    mirror = case.source.get(SECRET, MULTICLUSTER, name)
    space = case.source_config.linkerd.namespace
    destination = case.source.get(SECRET, space, name)
    yield judge_secret(f"{MULTICLUSTER}/{name}", mirror, {}, {})
    yield judge_secret(
        f"{space}/{name}",
        destination,
        {LINK_CLUSTER_NAME: case.link.target},
        {
            LINK_TRUST_DOMAIN: target.trust_domain,
            LINK_CLUSTER_DOMAIN: target.domain,
        },
    )
    login = mirror_login(case.source, case.link.target)
    yield _alike(login, _login(destination))
    yield judge_token(case, login)
    yield judge_address(case, login)
    yield judge_login(case)


def _login(secret: Object | None) -> Login | None:
    try:
        return login_of(secret) if secret is not None else None
    except CredentialsFault:
        return None


def mirror_login(source: View, target: str) -> Login | None:
    """What the service mirror logs in with, or None where there is nothing that can be used.

    Raises Unseen: the source's Secrets could not be read.
    """
    return _login(source.get(SECRET, MULTICLUSTER, credentials_secret(target)))


def judge_secret(
    where: str, secret: Object | None, labels: dict[str, str], annotations: dict[str, str]
) -> Finding:
    """Whether a Secret has usable credentials and these labels and annotations."""
    title = f"Secret {where} has usable credentials"
    if secret is None:
        return failure(title, "it does not exist", UPDATE)
    if secret.get("type") != SECRET_REMOTE_KUBECONFIG:
        return failure(
            title, f"its type is {secret.get('type')}, not {SECRET_REMOTE_KUBECONFIG}", UPDATE
        )
    lacking = [
        f"{key}={value}"
        for wanted, found in ((labels, labels_of(secret)), (annotations, annotations_of(secret)))
        for key, value in wanted.items()
        if found.get(key) != value
    ]
    if lacking:
        return failure(title, f"it lacks {some(lacking)}", UPDATE)
    try:
        login_of(secret)
    except CredentialsFault as fault:
        return failure(title, str(fault), UPDATE)
    return ok(title)


def _alike(mirror: Login | None, destination: Login | None) -> Finding:
    title = "both Secrets have the same credentials"
    if mirror is None or destination is None:
        return skipped(title, "they do not both exist")
    if (mirror.endpoint, mirror.token) == (destination.endpoint, destination.token):
        return ok(title)
    return failure(title, "they differ", UPDATE)


def judge_token(case: LinkCase, login: Login | None) -> Finding:
    """Whether the credentials have the target's current token."""
    title = "the credentials have the target's current token"
    secret = case.target.get(SECRET, MULTICLUSTER, f"{case.link.service_account}-token")
    if login is None or secret is None:
        return skipped(title, "there is nothing to compare")
    try:
        token = decoded(secret, "token")
    except UnreadableError:
        return skipped(title, "the target's token does not exist yet")
    if token == login.token:
        return ok(title)
    hint = f"{UPDATE}; it restarts the service mirror, which does not reload it"
    return failure(title, "they have another token", hint)


def judge_address(case: LinkCase, login: Login | None) -> Finding:
    """Whether the credentials name the target's endpoint of the stack file or kubeconfig."""
    title = "the credentials name the target's API server"
    if login is None or case.endpoint is None:
        return skipped(title, "there is nothing to compare")
    found, wanted = login.endpoint, case.endpoint
    differing = []
    if found.server.rstrip("/") != wanted.server.rstrip("/"):
        differing.append(
            f"they name {found.server}, but the stack file and kubeconfig name {wanted.server}"
        )
    if (found.certificate_authority or "").strip() != (wanted.certificate_authority or "").strip():
        differing.append("they have another CA")
    if not differing:
        return ok(title, found.server)
    detail = "; ".join(differing)
    hint = f"{UPDATE}, or write clusters.{case.link.target}.apiServer as the source reaches it"
    if case.trial is not None and case.trial.outcome is Outcome.WORKS and not case.trial.from_here:
        return warning(title, f"{detail}; but the login works", hint)
    return failure(title, detail, hint)


def judge_login(case: LinkCase) -> Finding:
    """What logging in with the credentials gave."""
    title = "the credentials can get, list and watch Services in the target"
    trial = case.trial
    if trial is None:
        return skipped(title, "no usable credentials exist")
    if trial.outcome is Outcome.WORKS:
        if not trial.from_here:
            return ok(title, trial.server)
        return ok(
            title, f"asked at {trial.server}, as this machine cannot reach the address in them"
        )
    if trial.outcome is Outcome.UNREACHABLE:
        return warning(
            title,
            f"{trial.server} cannot be reached from this machine ({trial.detail})",
            "check whether the source cluster can reach it; if not, write "
            f"clusters.{case.link.target}.apiServer.address",
        )
    hints = {
        Outcome.REFUSED: f"{UPDATE} --refresh: the token was revoked or the cluster recreated",
        Outcome.LACKING: f"{UPDATE} --refresh: the ClusterRole or its binding was changed",
        Outcome.UNTRUSTED: f"{UPDATE}, or correct clusters.{case.link.target}.apiServer",
    }
    return failure(title, f"{trial.server}: {trial.detail}", hints[trial.outcome])


def link_resource(case: LinkCase) -> Iterator[Finding]:
    """The Link exists in the version that controllers read, and describes the gateway."""
    title = f"the source serves Links in {LINK_VERSION}"
    if not case.source.serves(LINK, LINK_VERSION):
        yield failure(
            title, "it does not serve them", "update linkerd-multicluster there with `pulumi up`"
        )
        return
    yield ok(title)
    title = f"Link {MULTICLUSTER}/{case.link.target} exists"
    link = case.source.get(LINK, MULTICLUSTER, case.link.target)
    if link is None:
        yield failure(title, "it does not", UPDATE)
        return
    yield ok(title)
    yield from _spec(case, inner(link, "spec"))
    title = "the Link has annotation linkerd.io/created-by"
    made_by = annotations_of(link).get(CREATED_BY, "")
    if re.fullmatch(r"linkerd/cli \S+", made_by):
        yield ok(title, made_by)
    else:
        yield warning(
            title,
            "without linkerd/cli <version> there, `linkerd multicluster check` warns",
            UPDATE,
        )


def _spec(case: LinkCase, spec: Object) -> Iterator[Finding]:
    link, target = case.link, case.target_config
    if link.flat_network:
        yield _without_gateway(spec)
    else:
        yield from _gateway(case, spec)
    yield _equal(
        "the Link describes the target cluster",
        {
            "targetClusterName": (spec, link.target),
            "targetClusterDomain": (spec, target.domain),
            "targetClusterLinkerdNamespace": (spec, target.linkerd.namespace),
            "clusterCredentialsSecret": (spec, credentials_secret(link.target)),
        },
        UPDATE,
    )
    yield _selectors(link, spec)
    yield _excluded(link, spec)


def _without_gateway(spec: Object) -> Finding:
    title = "the Link has no gateway, as its network is flat"
    found = spec.get("gatewayAddress")
    return failure(title, f"it names the gateway {found}", UPDATE) if found else ok(title)


def _gateway(case: LinkCase, spec: Object) -> Iterator[Finding]:
    link, gateway, target = case.link, case.gateway, case.target_config
    identity = gateway_identity(link.target, target)
    period = link.probe.period_seconds or gateway.probe_period_seconds
    yield _equal(
        "the Link has the gateway's identity", {"gatewayIdentity": (spec, identity)}, UPDATE
    )
    port = link.gateway.port if link.gateway is not None and link.gateway.port else gateway.port
    address = link_address(case.mesh, link, case.target)
    if address:
        yield _equal(
            "the Link has the gateway's address",
            {
                "gatewayAddress": (spec, ",".join(address)),
                "gatewayPort": (spec, str(port)),
            },
            f"{UPDATE} --refresh: the gateway Service has another address now",
        )
    else:
        yield skipped("the Link has the gateway's address", "the gateway has none")
    probe = inner(spec, "probeSpec")
    yield _equal(
        "the Link has the configured probe",
        {
            "path": (probe, gateway.probe_path),
            "port": (probe, str(gateway.service_probe_port)),
            "period": (probe, f"{period}s"),
            "timeout": (probe, f"{link.probe.timeout_seconds}s"),
            "failureThreshold": (probe, str(link.probe.failure_threshold)),
        },
        UPDATE,
    )


def selectors_of(link: LinkConfig) -> dict[str, Selector]:
    """The selectors of a Link by their keys; that of its gateway only where it has one."""
    own = link.selectors
    found = {
        "remoteDiscoverySelector": own.remote_discovery
        or Selector(match_labels={EXPORTED: "remote-discovery"}),
        "federatedServiceSelector": own.federated or Selector(match_labels={FEDERATED: "member"}),
    }
    if not link.flat_network:
        found["selector"] = own.gateway or Selector(match_labels={EXPORTED: "true"})
    return found


def _selectors(link: LinkConfig, spec: Object) -> Finding:
    title = "the Link has the configured selectors"
    wrong = [
        f"{key} differs"
        for key, wanted in selectors_of(link).items()
        if _conditions(inner(spec, key))
        != _conditions(wanted.model_dump(by_alias=True, mode="json"))
    ]
    return failure(title, "; ".join(wrong), UPDATE) if wrong else ok(title)


def _conditions(selector: Object) -> tuple[object, ...]:
    """A selector in a form that can be compared."""
    expressions = [
        (one.get("key"), one.get("operator"), tuple(sorted(one.get("values") or [])))
        for one in items(selector, "matchExpressions")
    ]
    return tuple(sorted(inner(selector, "matchLabels").items())), tuple(sorted(expressions))


def _excluded(link: LinkConfig, spec: Object) -> Finding:
    title = "the Link excludes the configured labels and annotations"
    wanted = {
        "excludedLabels": set(link.excluded_labels),
        "excludedAnnotations": set(link.excluded_annotations),
    }
    wrong = [
        f"{key} lacks {some(sorted(keys - set(spec.get(key) or [])))}"
        for key, keys in wanted.items()
        if keys - set(spec.get(key) or [])
    ]
    return failure(title, "; ".join(wrong), UPDATE) if wrong else ok(title)


def _equal(title: str, wanted: dict[str, tuple[Object, str | None]], hint: str) -> Finding:
    wrong = [
        f"{key} is {fields.get(key, 'missing')}, not {value}"
        for key, (fields, value) in wanted.items()
        if fields.get(key) != value
    ]
    return failure(title, "; ".join(wrong), hint) if wrong else ok(title)


def service_mirror(case: LinkCase) -> Iterator[Finding]:
    """The source's service mirror for this link is available, running, and probes the gateway."""
    target = case.link.target
    logs = f"see `kubectl -n {MULTICLUSTER} logs deploy/controller-{target} -c controller`"
    yield from workload(case.source, DEPLOYMENT, MULTICLUSTER, f"controller-{target}", logs)
    yield _at_work(case, logs)
    if case.link.flat_network:
        return
    yield _probe(case)
    yield judge_gateway_alive(alive(case.source, target, case.metric))


def judge_gateway_alive(answers: str) -> Finding:
    """The line for a gateway that is probed; `answers` is ``yes``, ``no`` or ``unknown``."""
    title = "the gateway answers the service mirror's probes"
    if answers == "yes":
        return ok(title)
    if answers == "no":
        return failure(
            title,
            "it does not answer, so that requests to mirrored Services fail",
            "check that the source can reach the gateway's address and that both clusters trust "
            "the same anchors",
        )
    return skipped(title, "the service mirror's metrics cannot be read")


def works(source: View, target: str) -> bool:
    """Whether the source's service mirror for a target holds its Lease."""
    lease = source.get(LEASE, MULTICLUSTER, f"service-mirror-write-{target}")
    spec = inner(lease, "spec")
    renewed = spec.get("renewTime")
    if not spec.get("holderIdentity") or not renewed:
        return False
    try:
        moment = datetime.fromisoformat(str(renewed))
    except ValueError:
        return False
    # The lease has the time of the cluster, and the view that of here.
    there = source.now + timedelta(seconds=source.clock_offset or 0.0)
    return there - moment < _STALE


def _at_work(case: LinkCase, hint: str) -> Finding:
    title = "the service mirror is running"
    deployment = case.source.get(DEPLOYMENT, MULTICLUSTER, f"controller-{case.link.target}")
    if deployment is None or availability(deployment)[0] is Status.FAILURE:
        # Its lease outlives it by a minute or so.
        return skipped(title, "it has no available pod")
    if works(case.source, case.link.target):
        return ok(title)
    detail = f"Lease service-mirror-write-{case.link.target} has no current holder"
    if case.source.simulated:
        return warning(
            title,
            f"{detail}, as pods of this cluster are simulated (kwok): nothing is mirrored",
        )
    return failure(title, detail, hint)


def _probe(case: LinkCase) -> Finding:
    title = "the gateway has one probe Service with an endpoint"
    target = case.link.target
    found = case.source.all(SERVICE, labels={CLUSTER_NAME: target, MIRRORED_GATEWAY: "true"})
    name = f"probe-{target}"
    if not found and case.source.made_by_release(SERVICE, MULTICLUSTER, name):
        return skipped(title, f"Service {name} does not exist; see its release")
    if len(found) != 1:
        listed = some(f"{namespace_of(one)}/{name_of(one)}" for one in found) or "none"
        return failure(title, f"{len(found)} exist: {listed}", UPDATE)
    ports = [port.get("port") for port in items(found[0], "spec", "ports")]
    wanted = case.gateway.service_probe_port
    if wanted not in ports:
        return failure(title, f"its port is {some(map(str, ports))}, not {wanted}", UPDATE)
    if not works(case.source, target):
        return skipped(title, "the service mirror, which writes its endpoint, is not running")
    endpoints = case.source.get(ENDPOINTS, namespace_of(found[0]), name_of(found[0]))
    if not any(addresses(endpoints)):
        hint = "see whether the gateway's address is a name that the source can resolve"
        return failure(title, "it has none", hint)
    return ok(title, some(addresses(endpoints)))


def orphans(case: ClusterCase) -> Iterator[Finding]:
    """No mirror in a source belongs to a deleted Link."""
    if not case.mesh.links_from(case.name):
        return
    if case.config.linkerd.generation is Generation.V2_8:
        links = {link.target for link in case.mesh.links_from(case.name)}
    else:
        specs = [inner(one, "spec") for one in case.view.all(LINK)]
        links = {str(spec.get("targetClusterName")) for spec in specs}
    title = "every mirrored Service belongs to a Link"
    left = [
        f"{namespace_of(one)}/{name_of(one)}"
        for one in case.view.all(SERVICE, labels={MIRRORED_SERVICE: "true"})
        if labels_of(one).get(CLUSTER_NAME) and labels_of(one)[CLUSTER_NAME] not in links
    ]
    if left:
        hint = "delete them with kubectl: Linkerd does not delete them with the Link"
        yield warning(title, f"without a Link: {some(left)}", hint)
        return
    counts = {link.target: len(mirrored(case.view, link.target)) for link in case.mesh.links}
    yield ok(title, f"{sum(counts.values())} mirrored")


def link_access(mesh: MeshConfig, cluster: str) -> Iterator[Listing]:
    """What lets a source log in to a target, and what the source logs in with."""
    if cluster in mesh.linked_clusters():
        yield secrets(MULTICLUSTER)
        yield secrets(mesh.clusters[cluster].linkerd.namespace)
        yield Listing(SERVICE_ACCOUNT, MULTICLUSTER)
        extension = f"{EXTENSION}=multicluster"
        for kind in (CLUSTER_ROLE, CLUSTER_ROLE_BINDING):
            yield Listing(kind, labels=extension, complete=False)


def mirrors(mesh: MeshConfig, cluster: str) -> Iterator[Listing]:
    """Mirrored Services and their endpoints."""
    yield Listing(SERVICE)
    if cluster in mesh.linked_clusters():
        yield Listing(ENDPOINTS, labels=CLUSTER_NAME, complete=False)


def link_reads(mesh: MeshConfig, cluster: str) -> Iterator[Listing]:
    """Links, and the service mirrors with what they write."""
    yield from mirrors(mesh, cluster)
    if cluster in mesh.linked_clusters():
        yield Listing(DEPLOYMENT, MULTICLUSTER)
        yield Listing(LEASE, MULTICLUSTER)
        yield Listing(LINK)


def _links(mesh: MeshConfig, cluster: str) -> Iterator[Listing]:
    yield Listing(SERVICE)
    if mesh.clusters[cluster].linkerd.generation is Generation.MODERN:
        yield Listing(LINK)


_MODERN = Generation.MODERN
CHECKS = (
    Check("credentials", Phase.LINK, remote_access, reads=link_access, order=20),
    Check("credentials", Phase.LINK, credentials, reads=link_access, generation=_MODERN, order=21),
    Check("link", Phase.LINK, link_resource, reads=link_reads, generation=_MODERN, order=30),
    Check(
        "service mirror",
        Phase.LINK,
        service_mirror,
        reads=link_reads,
        generation=_MODERN,
        order=40,
    ),
    Check("mirrors", Phase.LAST, orphans, reads=_links, order=20),
)
