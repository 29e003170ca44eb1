"""A link's token that ends: requested in an update when one is due, and never in a preview."""

from __future__ import annotations

import asyncio

import pulumi
import urllib3.exceptions
from kubernetes.client.exceptions import ApiException
from pulumi_kubernetes.core.v1 import Secret

from config.core.cluster import ClusterConfig
from config.links.link import LinkConfig
from kube.errors import KubeconfigError
from kube.kubeconfig import api_client
from kube.tokens import request_token
from vocabulary.linkerd import MULTICLUSTER


def requested_token(
    link: LinkConfig, target: ClusterConfig, bound_to: Secret, kept: str | None
) -> pulumi.Output[str]:
    """The token of a link, a secret: the one to keep, else a new one, bound to a Secret.

    A new one is unknown in a preview. The update fails with pulumi.RunError where the target does
    not give one.
    """

    def token(uid: str) -> pulumi.Input[str]:
        if kept is not None:
            return kept
        if pulumi.runtime.is_dry_run():
            return pulumi.UNKNOWN  # type: ignore[return-value]
        return asyncio.to_thread(_request, link, target, uid)

    return pulumi.Output.secret(bound_to.metadata.uid.apply(token))


def _request(link: LinkConfig, target: ClusterConfig, uid: str) -> str:
    name, wanted = link.token_secret, link.credentials
    try:
        with api_client(target) as api:
            return request_token(
                api, MULTICLUSTER, link.service_account, (name, uid), wanted.lifetime_seconds
            )
    except KubeconfigError as error:
        reason = error.message
    except ApiException as error:
        reason = f"the API server answers with status {error.status}"
    except (urllib3.exceptions.HTTPError, OSError, ValueError) as error:
        reason = type(error).__name__
    raise pulumi.RunError(
        f"cluster '{link.target}' gives no token for ServiceAccount {MULTICLUSTER}/"
        f"{link.service_account} ({reason}); run `pulumi up --refresh`, which makes the account "
        f"and Secret {name} again where they are missing"
    )
