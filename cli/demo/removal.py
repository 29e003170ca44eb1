"""`./mesh demo --down`: what the demo has created is deleted."""

from __future__ import annotations

from cli import screen
from cli.demo import clusters
from cli.demo import record as demo_record
from cli.demo.demo import Demo
from cli.demo.record import DemoRecord
from cli.demo.stack import STACK
from cli.errors import VerbError
from cli.progress import step
from vocabulary.errors import MeshError


def remove() -> None:
    """Delete what the demo has created. Raises MeshError."""
    record = demo_record.read()
    if record is not None and record.engine:
        _leave(record)
    ended = clusters.end()
    demo_record.forget()
    if record is None and not ended:
        screen.say("There is no demo; nothing to remove.")


def _leave(record: DemoRecord) -> None:
    """Delete with the engine; local clusters are deleted even where that fails."""
    try:
        demo = Demo(record.source, record.target)
        if record.local and not _can_be_destroyed(demo):
            return
        _destroy(demo, record)
    except MeshError as error:
        if not record.local:
            raise
        screen.note(f"pulumi destroy failed ({error.message}); the local clusters are deleted")


def _can_be_destroyed(demo: Demo) -> bool:
    """Whether the engine can delete what is in local clusters; prints why not."""
    if demo.stack.killed():
        screen.note("the last run was killed during an update; the local clusters are deleted")
        return False
    if not clusters.connect():
        screen.note("the local control planes do not run; nothing is to be deleted in them")
        return False
    return True


def _destroy(demo: Demo, record: DemoRecord) -> None:
    """Delete with the engine what it deployed. Raises MeshError."""
    gone = (
        f"if the clusters do not exist any more, delete the demo's record: {demo_record.folder()}"
    )
    from preflight import examine

    try:
        uids = {name: item.uid for name, item in examine(demo.config.clusters).items()}
    except MeshError as error:
        raise VerbError(str(error), gone) from None
    if uids != record.uids:
        raise VerbError("these are not the clusters that the demo was made in", gone)
    killed = demo.stack.killed()
    engine = demo.prepared(demo.engine(), demo.charts(), second_export=record.second_export)
    if killed:
        demo.stack.cancel(engine)
    with step(f"pulumi destroy --stack {STACK}") as work:
        demo.stack.destroy(engine, work)
    if not demo.local:
        screen.say("Helm keeps the CRDs of the Gateway API, because others may use them.")
