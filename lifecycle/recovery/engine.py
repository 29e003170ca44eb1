"""The Pulumi CLI, as a recovery uses it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from kube.answers import items
from lifecycle.recovery.errors import RecoveryError

UPSERT = {"PULUMI_K8S_UPSERT_EXISTING_OBJECTS": "true"}
"""Lets the provider create an object that exists, by server-side apply (pulumi-kubernetes 4.29)."""

_UNHANDLED = "an unhandled error occurred: "
"""What the engine adds to the program's own error."""
CAUSE = "cluster is unreachable: "
"""What precedes the cause of an error in a warning of the provider; the error itself has none."""


@dataclass(frozen=True)
class Answer:
    """What a command of the CLI gave."""

    code: int
    output: str
    """Standard output."""
    errors: str = ""
    """Standard error."""


class Engine(Protocol):
    """Runs a command of the CLI on the stack, for example ``["stack", "export"]``."""

    def __call__(self, *arguments: str, **environment: str) -> Answer:
        """Run it; `environment` has further environment variables."""
        ...


def patient(engine: Engine, look: Callable[[], object]) -> Engine:
    """The same, which repeats a command once where the provider could not reach a cluster.

    `look` is called before, and raises an error where a cluster does not answer. Fact: the provider
    gives an API server 32 seconds for its schema (client-go, ``discovery_client.go``), and one that
    is busy, or has just lost many definitions, may take longer.
    """

    def run(*arguments: str, **environment: str) -> Answer:
        answer = engine(*arguments, **environment)
        if answer.code != 0 and CAUSE in answer.output + answer.errors:
            look()
            answer = engine(*arguments, **environment)
        return answer

    return run


def passed(answer: Answer, what: str, remedy: str) -> str:
    """The output of a command that succeeded; `what` says what it did. Raises RecoveryError."""
    if answer.code == 0:
        return answer.output
    lines = f"{answer.errors}\n{answer.output}".splitlines()
    # A cluster that fails does so for each of its resources.
    reasons = dict.fromkeys(_diagnostics(answer.output)) or dict.fromkeys(
        line.strip() for line in lines if line.strip().startswith("error: ") or CAUSE in line
    )
    whole = "\n".join(reasons or [line for line in lines if line.strip()][-10:])
    raise RecoveryError(f"{what} failed:\n{whole}", remedy)


def _diagnostics(output: str) -> list[str]:
    """The errors in what a command with ``--json`` printed; none where it is something else."""
    try:
        found = json.loads(output[output.index("{") :])
    except ValueError:
        return []
    errors = [one for one in items(found, "diagnostics") if one.get("severity") == "error"]
    texts = [str(one.get("message")).strip().removeprefix("error: ") for one in errors]
    return [text for text in texts if not text.startswith(_UNHANDLED)] or texts


def document(answer: Answer, what: str, remedy: str) -> dict[str, Any]:
    """The JSON object in the output of a command. Raises RecoveryError."""
    text = passed(answer, what, remedy)
    try:
        found = json.loads(text[text.index("{") :])
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise RecoveryError(f"{what} printed no JSON object", remedy)
    return found
