"""A ServiceAccount that asks a real API server what it may do.

Facts: Kubernetes docs, "Checking API access".
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import urllib3
from kubernetes import client

from contracts.rows.links import Right
from kube.access import Access, access_review
from kube.kubeconfig import endpoint
from kube.token_login import connected
from local_clusters import LocalCluster
from tests.integration.mesh_fixture import HealthyMesh
from vocabulary.linkerd import MULTICLUSTER

VERBS = ("get", "list", "watch", "create", "update", "patch", "delete", "deletecollection")
SPECIAL = ("*", "impersonate", "bind", "escalate", "approve", "sign", "attest", "use")
"""Verbs that authorisers and admission ask about, whatever discovery lists."""
CONFIG = ("", "configmaps", "get")
"""The only right for objects of one name alone."""


class User:
    """A ServiceAccount that asks an API server."""

    def __init__(self, pool: urllib3.PoolManager, server: str, token: str) -> None:
        self._pool, self._server = pool, server
        self._headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}

    def ask(self, path: str, body: Any = None) -> dict[str, Any]:
        """What the server answers."""
        method = "GET" if body is None else "POST"
        sent = None if body is None else json.dumps(body)
        answer = self._pool.request(method, self._server + path, body=sent, headers=self._headers)
        assert answer.status in (200, 201), (path, answer.status)
        found: dict[str, Any] = answer.json()
        return found

    def may(self, right: Right, name: str = "") -> bool:
        """Whether it may do this, in all namespaces."""
        group, resource, verb = right
        body: Any = access_review(Access(verb, group, resource))
        if name:
            body["spec"]["resourceAttributes"]["name"] = name
        path = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
        return bool(self.ask(path, body)["status"]["allowed"])

    def rules(self, namespace: str) -> set[tuple[Right, tuple[str, ...]]]:
        """Everything that it may do in a namespace, with the names that it is for."""
        body = {
            "apiVersion": "authorization.k8s.io/v1",
            "kind": "SelfSubjectRulesReview",
            "spec": {"namespace": namespace},
        }
        path = "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews"
        status = self.ask(path, body)["status"]
        assert not status["incomplete"]
        assert {verb for rule in status["nonResourceRules"] for verb in rule["verbs"]} <= {"get"}
        return {
            ((group, resource, verb), tuple(rule.get("resourceNames") or ()))
            for rule in status["resourceRules"]
            for group in rule["apiGroups"]
            for resource in rule["resources"]
            for verb in rule["verbs"]
        }

    def served(self) -> Iterator[Right]:
        """Every verb on every resource and subresource that the server serves."""
        versions = [("", "/api/v1")] + [
            (group["name"], f"/apis/{version['groupVersion']}")
            for group in self.ask("/apis")["groups"]
            for version in group["versions"]
        ]
        for group, path in versions:
            for resource in self.ask(path)["resources"]:
                for verb in {*VERBS, *SPECIAL, *resource["verbs"]}:
                    yield resource.get("group") or group, resource["name"], verb


@contextmanager
def user(mesh: HealthyMesh, cluster: str, account: str) -> Iterator[User]:
    """A ServiceAccount of the multicluster namespace, logged in."""
    target: LocalCluster = mesh.clusters[cluster]
    wanted = client.AuthenticationV1TokenRequest(
        spec=client.V1TokenRequestSpec(audiences=[], expiration_seconds=600)
    )
    with target.api() as api:
        issued: Any = client.CoreV1Api(api).create_namespaced_service_account_token(
            account, MULTICLUSTER, wanted
        )
    where = endpoint(mesh.config.clusters[cluster])
    with connected(where) as pool:
        yield User(pool, where.server, issued.status.token)
