"""The demo's stack: its files, its operations through the Automation API, and their errors."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from cli.demo.stack import DemoStack
from cli.engine.engine import Engine
from cli.errors import VerbError
from tests.unit.cli.conftest import Program
from tests.unit.cli.engine.test_engine import interrupt, interruptible
from tests.unit.cli.engine.test_events import NAMESPACE, RELEASE, STACK, Shown, error, step

__all__ = ["interruptible"]

ROOT = Path(__file__).resolve().parents[4]

# Like the CLI: events go to the address of --event-log, output to the terminal.
FAILS = """
import grpc
from pulumi.runtime.proto import events_pb2, events_pb2_grpc
print("Updating (local):", flush=True)
events = {events!r}
address = sys.argv[sys.argv.index("--event-log") + 1].removeprefix("tcp://")
with grpc.insecure_channel(address) as channel:
    requests = [events_pb2.EventRequest(event=event) for event in events]
    events_pb2_grpc.EventsStub(channel).StreamEvents(iter(requests))
print("Duration: 3s", flush=True)
sys.exit(1)
"""


def texts(*events: dict[str, Any]) -> list[str]:
    return [
        json.dumps({"sequence": number, "timestamp": 0, **event})
        for number, event in enumerate(events)
    ]


def test_progress_and_errors_come_from_the_events_and_the_output_is_logged(
    program: Program, private: Path
) -> None:
    urn = f"{STACK}{RELEASE[0]}::{RELEASE[1]}"
    events = texts(
        step("resourcePreEvent", "create", *NAMESPACE),
        step("resOutputsEvent", "create", *NAMESPACE),
        error("chart not found", urn),
    )
    program("pulumi", FAILS.format(events=events))
    stack = DemoStack(private / "demo")
    (private / "demo").mkdir()
    shown = Shown()
    with pytest.raises(VerbError) as failure:
        stack.up(Engine(), shown)
    assert shown.lasting == ["1 created Namespace source-namespace"]
    assert failure.value.message == "pulumi up failed:\nRelease source-crds: chart not found"
    assert str(stack.log) in failure.value.remedy
    assert "Updating (local):" in stack.log.read_text()
    assert stack.log.stat().st_mode & 0o077 == 0


def test_without_an_error_event_the_last_lines_are_the_reason(
    program: Program, private: Path
) -> None:
    program("pulumi", "print('error: no such backend', file=sys.stderr); sys.exit(1)")
    (private / "demo").mkdir()
    with pytest.raises(VerbError, match="error: no such backend"):
        DemoStack(private / "demo").destroy(Engine(), Shown())


STOPS = """
count = 0
def interrupted(*_):
    global count
    count += 1
signal.signal(signal.SIGINT, interrupted)
print("ready", flush=True)
end = time.monotonic() + 60
while not count and time.monotonic() < end:
    time.sleep(0.01)
time.sleep(0.3)
print("interrupts", count, flush=True)
sys.exit(1)
"""


def test_ctrl_c_during_an_update_lets_the_engine_stop_by_itself(
    program: Program, private: Path, interruptible: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    program("pulumi", STOPS)
    (private / "demo").mkdir()
    stack = DemoStack(private / "demo")
    run = Engine.run

    def hears(self: Engine, *arguments: Any) -> Any:
        args, cwd, env, log, errors = arguments

        def heard(line: str) -> None:
            log(line)
            if line == "ready":
                interrupt()

        return run(self, args, cwd, env, heard, errors)

    monkeypatch.setattr(Engine, "run", hears)
    with pytest.raises(KeyboardInterrupt):
        stack.up(Engine(), Shown())
    assert "interrupts 1" in stack.log.read_text()


INITIALISES = """
file = "stacks/Pulumi.local.yaml"
with open(file, "a") as out:
    out.write("encryptionsalt: v1:salt\\n")
"""


def test_the_stack_file_of_the_checkout_is_left_alone_and_the_salt_is_kept(
    program: Program, private: Path
) -> None:
    program("pulumi", INITIALISES)
    original = ROOT / "stacks" / "Pulumi.local.yaml"
    before = original.read_bytes()
    stack = DemoStack(private / "demo")
    for _ in range(2):
        stack.prepare(Engine(), yaml.safe_load(before))
        content = yaml.safe_load(stack.stack_file.read_text())
        assert content.pop("encryptionsalt") == "v1:salt"
        assert content == yaml.safe_load(before)
    assert original.read_bytes() == before


def test_the_passphrase_is_private_and_in_no_setting(program: Program, private: Path) -> None:
    program("pulumi", INITIALISES)
    stack = DemoStack(private / "demo")
    runs = stack.prepare(Engine(), {"config": {}})
    file = Path(stack.settings()["PULUMI_CONFIG_PASSPHRASE_FILE"])
    assert file.stat().st_mode & 0o077 == 0
    assert file.read_text() not in repr((runs.environment, stack.log.read_text()))
