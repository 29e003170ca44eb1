"""How a link's source logs in to its target: the account there, and the credentials here.

Facts: Linkerd docs, "Multi-cluster communication"; what `linkerd multicluster check` checks.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress

from checks.facts.case import LinkCase
from checks.facts.check import WITH_LINKS, Check, Phase
from checks.facts.listing import Listing, secrets
from checks.facts.results import UPDATE, Finding, failure, ok, skipped, warning
from checks.facts.view import View
from checks.links.credentials import Outcome
from checks.links.tokens import judge_token, revoked
from config.core.api_server import ApiServer, obstacles
from config.core.mesh import MeshConfig
from config.language.problems import some
from kube.answers import inner, items
from kube.errors import KubeconfigError
from kube.kubeconfig import described
from kube.token_login import CredentialsFault, TokenLogin, login_of
from vocabulary.kinds import (
    CLUSTER_ROLE,
    CLUSTER_ROLE_BINDING,
    SECRET,
    SERVICE_ACCOUNT,
    Object,
    annotations_of,
    labels_of,
)
from vocabulary.linkerd import (
    EXTENSION,
    LINK_CLUSTER_DOMAIN,
    LINK_CLUSTER_NAME,
    LINK_TRUST_DOMAIN,
    MULTICLUSTER,
    SECRET_REMOTE_KUBECONFIG,
    credentials_secret,
)


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
    secret = view.get(SECRET, MULTICLUSTER, case.link.token_secret)
    if secret is None:
        missing.append(f"the token's Secret {case.link.token_secret} does not exist")
    elif not case.link.credentials.requested and not inner(secret, "data").get("token"):
        missing.append("the token's Secret is empty, so the controller manager has not filled it")
    yield failure(title, "; ".join(missing), UPDATE) if missing else ok(title)
    yield revoked(case)


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


def _login(secret: Object | None) -> TokenLogin | None:
    try:
        return login_of(secret) if secret is not None else None
    except CredentialsFault:
        return None


def mirror_login(source: View, target: str) -> TokenLogin | None:
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


def _alike(mirror: TokenLogin | None, destination: TokenLogin | None) -> Finding:
    title = "both Secrets have the same credentials"
    if mirror is None or destination is None:
        return skipped(title, "they do not both exist")
    if (mirror.endpoint, mirror.token) == (destination.endpoint, destination.token):
        return ok(title)
    return failure(title, "they differ", UPDATE)


def judge_address(case: LinkCase, login: TokenLogin | None) -> Finding:
    """Whether the credentials name the target's endpoint of the stack file or kubeconfig."""
    title = "the credentials name the target's API server"
    if login is None or case.endpoint is None:
        return skipped(title, "there is nothing to compare")
    found, wanted = login.endpoint, case.endpoint
    given = case.target_config.api_server or ApiServer()
    if given.address != found.server:
        given = ApiServer(same_machine=given.same_machine)
    key = f"clusters.{case.link.target}.apiServer"
    for reason in obstacles(key, given, {"server": found.server, "proxy-url": found.proxy_url}):
        return failure(title, *reason)
    differing = []
    if found.server.rstrip("/") != wanted.server.rstrip("/"):
        differing.append(
            f"they name {found.server}, but the stack file and kubeconfig name {wanted.server}"
        )
    if (found.certificate_authority or "").strip() != (wanted.certificate_authority or "").strip():
        differing.append("they have another CA")
    if (found.tls_server_name, found.proxy_url) != (wanted.tls_server_name, wanted.proxy_url):
        differing.append("they have another tls-server-name or proxy-url")
    if not differing:
        return ok(title, found.server)
    detail = "; ".join(differing)
    hint = f"{UPDATE}, or write clusters.{case.link.target}.apiServer as the source reaches it"
    if case.trial is not None and case.trial.outcome is Outcome.WORKS and not case.trial.from_here:
        return warning(title, f"{detail}; but the login works", hint)
    return failure(title, detail, hint)


def reachable(case: LinkCase) -> Iterator[Finding]:
    """Pods of the source can log in to the API server of the target, as far as it is described."""
    target = case.target_config
    title = f"{case.link.source} reaches the API server of {case.link.target}"
    if case.endpoint is None:
        return
    entry: Object = {"server": case.endpoint.server, "proxy-url": case.endpoint.proxy_url}
    with suppress(KubeconfigError):
        entry = described(target)
    reasons = [*obstacles(f"clusters.{case.link.target}.apiServer", target.api_server, entry)]
    for reason in reasons:
        yield failure(title, *reason)
    if not reasons:
        yield ok(title, case.endpoint.server)


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
        Outcome.REFUSED: f"{UPDATE}: the token was revoked or the cluster recreated",
        Outcome.LACKING: f"{UPDATE}: the ClusterRole or its binding was changed",
        Outcome.UNTRUSTED: f"{UPDATE}, or correct clusters.{case.link.target}.apiServer",
    }
    return failure(title, f"{trial.server}: {trial.detail}", hints[trial.outcome])


def link_access(mesh: MeshConfig, cluster: str) -> Iterator[Listing]:
    """What lets a source log in to a target, and what the source logs in with."""
    if cluster in mesh.linked_clusters():
        yield secrets(MULTICLUSTER)
        yield secrets(mesh.clusters[cluster].linkerd.namespace)
        yield Listing(SERVICE_ACCOUNT, MULTICLUSTER)
        extension = f"{EXTENSION}=multicluster"
        for kind in (CLUSTER_ROLE, CLUSTER_ROLE_BINDING):
            yield Listing(kind, labels=extension, complete=False)


CHECKS = (
    Check("credentials", Phase.LINK_BEFORE, reachable, order=19),
    Check("credentials", Phase.LINK, remote_access, link_access, order=20),
    Check("credentials", Phase.LINK, credentials, link_access, only=WITH_LINKS, order=21),
)
