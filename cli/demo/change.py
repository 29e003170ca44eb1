"""`./mesh demo --change`: the stack file gets a second export, which is previewed and deployed."""

from __future__ import annotations

from rich.text import Text

from cli import screen
from cli.demo import clusters
from cli.demo import record as demo_record
from cli.demo.demo import AGAIN, Demo, with_advice
from cli.demo.second_export import ADDED, NAMESPACE, SERVICE, apply_service
from cli.demo.stack import STACK
from cli.errors import VerbError
from cli.progress import step
from vocabulary.errors import BAD_INPUT

_NOISE = ("warning: using pulumi-", "pulumi:pulumi:Stack")


def change() -> None:
    """Export a second Service, as a user would: edit, preview, update. Raises MeshError."""
    record = demo_record.read()
    if record is None or not record.engine:
        raise VerbError(
            "there is no demo that the Pulumi engine deployed", "run `./mesh demo` first", BAD_INPUT
        )
    demo = Demo(record.source, record.target)
    if demo.stack.killed():
        raise VerbError("the last run was killed during an update", AGAIN)
    if demo.local:
        clusters.start()
    charts = demo.charts()
    engine = demo.engine()
    with with_advice():
        with step(f"Service {NAMESPACE}/{SERVICE} in the target"):
            apply_service(demo.config.clusters["target"])
        demo_record.write(record.model_copy(update={"second_export": True}))
        engine = demo.prepared(engine, charts, second_export=True)
        _print(f"\nThe stack file, {demo.stack.stack_file}:\n{ADDED}\n")
        with step(f"pulumi preview --diff --stack {STACK}") as work:
            planned, shown = demo.stack.preview(engine, work)
        _print(_account(shown))
        if not planned:
            screen.say("The second Service is exported already; nothing changes.")
            return
        with step(f"pulumi up --stack {STACK}") as work:
            demo.stack.up(engine, work)
    demo.check_clean(engine)


def _account(shown: str) -> str:
    """What `pulumi preview --diff` printed, without notes on where plugins are."""
    lines = [line for line in shown.splitlines() if not any(noise in line for noise in _NOISE)]
    return "\n".join(lines).strip("\n")


def _print(text: str) -> None:
    screen.out().print(Text(text), soft_wrap=True)
