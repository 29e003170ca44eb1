"""The repairs of what an interrupted run left stuck, in the order that makes the next one safe."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from kubernetes.client.exceptions import ApiException

from config.core.mesh import MeshConfig
from kube.answers import items
from kube.helm import OWN_RECORDS
from kube.kubeconfig import METADATA_LIST, api_client, delete, get_json
from kube.paths import path_of
from lifecycle.recovery.engine import UPSERT, Engine, passed
from lifecycle.recovery.errors import RecoveryError
from lifecycle.recovery.field_managers import Shared, release_fields
from lifecycle.recovery.half_made import HalfMade
from lifecycle.recovery.stuck import (
    TIMEOUT,
    Stuck,
    StuckRelease,
    exported,
    objects_shared,
)
from local_clusters.processes import end
from vocabulary.kinds import SECRET, name_of

Say = Callable[[str], object]


def repair(config: MeshConfig, found: Stuck, engine: Engine, say: Say) -> None:
    """End providers, remove the lock and stuck revisions, and compare the state with the clusters.

    `say` is called with a line before each step. Objects are left as they are: Helm adopts those of
    a removed revision when it installs or upgrades the release again. Raises RecoveryError.
    """
    if found.providers:
        say("ending providers of killed runs")
        end(found.providers)
    if found.locks:
        say("pulumi cancel")
        passed(engine("cancel", "--yes"), "`pulumi cancel`", "repeat `./mesh recover STACK`")
    for urn in (one.urn for one in found.releases if one.uninstalled):
        say(f"pulumi destroy --target {urn}")
        passed(
            engine("destroy", "--yes", "--skip-preview", "--target", urn),
            "`pulumi destroy` of an interrupted deletion",
            "repair what it names, and repeat `./mesh recover STACK`",
        )
    forget(config, [one for one in found.releases if not one.uninstalled], say)
    _disown(config, found.shared, say)
    say("pulumi refresh")
    passed(
        engine("refresh", "--yes", "--skip-preview", "--clear-pending-creates"),
        "`pulumi refresh`",
        "repair what it names, and repeat `./mesh recover STACK`",
    )


def finish(config: MeshConfig, found: HalfMade, engine: Engine, say: Say) -> None:
    """Let an update take over what is half made. Raises RecoveryError.

    The provider takes over every object that exists, so that nothing may have another owner.
    """
    if found.foreign:
        raise RecoveryError(
            "the update would take over what has another owner:\n" + "\n".join(found.foreign),
            "remove it, or import it into the stack: `pulumi import`",
        )
    forget(config, found.releases, say)
    say("pulumi up")
    passed(
        engine("up", "--yes", "--skip-preview", **UPSERT),
        "`pulumi up`",
        "repair what it names, and repeat `./mesh recover STACK`",
    )
    _disown(config, objects_shared(config, exported(engine)), say)


def _disown(config: MeshConfig, found: Sequence[Shared], say: Say) -> None:
    for one in found:
        say(f"cluster '{one.resource.cluster}': {one.resource} loses {', '.join(one.managers)}")
    release_fields(config, found, TIMEOUT)


def forget(config: MeshConfig, releases: Iterable[StuckRelease], say: Say) -> None:
    """Delete Helm's records of stuck revisions; their objects stay. Raises RecoveryError."""
    for one in releases:
        record = one.record
        with api_client(config.clusters[one.cluster]) as api:
            try:
                gone = [record.secret]
                if one.every:
                    query = f"labelSelector={OWN_RECORDS.split(',')[0]},name={record.name}"
                    path = f"{path_of(SECRET, record.namespace)}?{query}"
                    listed = get_json(api, path, TIMEOUT, METADATA_LIST)
                    gone = [name_of(item) for item in items(listed, "items")]
                for name in gone:
                    say(f"cluster '{one.cluster}': delete Secret {record.namespace}/{name}")
                    delete(api, path_of(SECRET, record.namespace, name), TIMEOUT)
            except ApiException as error:
                raise RecoveryError(
                    f"cluster '{one.cluster}': Helm's records of release {record} cannot be "
                    f"deleted (status {error.status})",
                    f"use credentials that may list and delete Secrets in {record.namespace}",
                ) from None
