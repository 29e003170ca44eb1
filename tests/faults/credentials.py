"""Credentials that end while a mesh is deployed, and what `./mesh check` says then."""

from __future__ import annotations

import base64
import math
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import yaml
from kubernetes import client

from machine.files import write_private
from tests.certificates import ISSUER, certified
from tests.faults.documented import EXPIRED_ISSUER, REFUSED_LINK, Row, failures, settled
from tests.faults.world import TARGET, World
from vocabulary.kubernetes import SECRET_SERVICE_ACCOUNT_TOKEN
from vocabulary.linkerd import ISSUER_SECRET


def ended(world: World) -> Iterator[Row]:
    """What `./mesh check` says where credentials ended after the update."""
    end_issuer(world)
    yield _checked(world, "expired issuer", EXPIRED_ISSUER)
    end_link_token(world)
    yield _checked(world, "revoked token of a link", REFUSED_LINK)


def end_issuer(world: World) -> None:
    """Let the target have an issuer that expired."""
    expired = certified(
        ISSUER, hosts=(ISSUER,), begins=datetime.now(UTC) - timedelta(days=9), days=8
    )
    pair = {"tls.crt": expired.pem, "tls.key": expired.key_pem}
    data = {key: base64.b64encode(pem.encode()).decode() for key, pem in pair.items()}
    with world.clusters[TARGET].api() as api:
        core: Any = client.CoreV1Api(api)
        before = api.sanitize_for_serialization(
            core.read_namespaced_secret(ISSUER_SECRET, "linkerd")
        )
        core.patch_namespaced_secret(ISSUER_SECRET, "linkerd", {"data": data})
        # An issuer that runs out is the stack's own: it has no other field manager.
        own = {"metadata": {"managedFields": before["metadata"]["managedFields"]}}
        core.patch_namespaced_secret(ISSUER_SECRET, "linkerd", own)


def end_link_token(world: World) -> None:
    """Revoke the token with which the source's service mirror logs in to the target."""
    with world.clusters[TARGET].api() as api:
        client.CoreV1Api(api).delete_collection_namespaced_secret(
            "linkerd-multicluster", field_selector=f"type={SECRET_SERVICE_ACCOUNT_TOKEN}"
        )


def _checked(world: World, fault: str, wanted: str) -> Row:
    begun = time.monotonic()
    found = "\n".join(failures(world, world.content))
    seconds = time.monotonic() - begun
    ended = world.run(world.content, "up", "--yes", "--skip-preview", "--refresh")
    left = settled(world, world.content)
    then = "`up --refresh`" if ended.code == 0 and not left else f"NOT mended: {left[:2]}"
    return Row(fault, "`check`", wanted, found, seconds, math.inf, then)


def with_revoked_token(world: World) -> World:
    """The same with a token for the target whose account is gone."""
    with world.clusters[TARGET].api() as api:
        core = client.CoreV1Api(api)
        account: Any = client.V1ServiceAccount(metadata=client.V1ObjectMeta(name="operator"))
        core.create_namespaced_service_account("default", account)
        request = client.AuthenticationV1TokenRequest(spec=client.V1TokenRequestSpec(audiences=[]))
        given = core.create_namespaced_service_account_token("operator", "default", request)
        core.delete_namespaced_service_account("operator", "default")
    assert given.status is not None
    before = Path(world.engine.environment["KUBECONFIG"])
    content = yaml.safe_load(before.read_text())
    content["users"].append({"name": "revoked", "user": {"token": given.status.token}})
    for one in content["contexts"]:
        if one["name"] == TARGET:
            one["context"]["user"] = "revoked"
    path = write_private(before.with_name("revoked"), yaml.safe_dump(content))
    return replace(world, engine=world.engine.having({"KUBECONFIG": str(path)}))
