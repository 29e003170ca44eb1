"""The command line as people meet it: run as a program, read as text."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[3]
VERBS = ("demo", "validate", "render", "check", "import", "test")

BROKEN = """
config:
  linkerd-ambassador-mesh:clusters:
    east: {context: east, versoin: 3}
    west: {context: west, ambassador: {gateway: {port: 99999}}}
  linkerd-ambassador-mesh:links:
    - {source: east, target: west}
    - {source: east, target: south}
"""


def mesh(
    *arguments: str | Path, folder: Path = ROOT, before: str = "", **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run a verb; `before` is Python that is run in the same process first."""
    program: list[str | Path] = [ROOT / "cli" / "__main__.py"]
    if before:
        start = "from cli.__main__ import main\nmain()"
        program = ["-c", f"import sys\nsys.path[0] = {str(ROOT)!r}\n{before}\n{start}"]
    return subprocess.run(
        [sys.executable, *program, *arguments],
        cwd=folder,
        env={**os.environ, "COLUMNS": "100", **environment},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_explains_itself(verb: str) -> None:
    done = mesh(verb, "--help")
    assert done.returncode == 0, done.stderr
    assert f"Usage: ./mesh {verb}" in done.stdout
    # The list of verbs begins each line with the first words of the verb's own help.
    words = " ".join(done.stdout.partition("\n")[2].split("Usage:")[1].splitlines()[2].split()[:5])
    assert words in mesh("--help").stdout


def test_help_says_what_the_exit_codes_mean() -> None:
    text = " ".join(mesh("--help").stdout.split())
    for said in ("0 success", "1 an error", "2 a stack file", "130 interrupted"):
        assert said in text


def test_without_a_verb_the_help_is_shown() -> None:
    done = mesh()
    assert "Usage: ./mesh" in done.stdout + done.stderr
    assert all(verb in done.stdout + done.stderr for verb in VERBS)


@pytest.mark.parametrize("stack", ["local", "staging", "production"])
def test_the_stacks_that_are_shipped_are_valid(stack: str, tmp_path: Path) -> None:
    done = mesh("validate", stack, folder=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    content = yaml.safe_load((ROOT / "stacks" / f"Pulumi.{stack}.yaml").read_text())
    for cluster in content["config"]["linkerd-ambassador-mesh:clusters"]:
        assert cluster in done.stdout


def test_every_problem_of_a_broken_stack_file_is_reported(tmp_path: Path) -> None:
    (tmp_path / "broken.yaml").write_text(BROKEN)
    done = mesh("validate", "broken.yaml", folder=tmp_path)
    assert done.returncode == 2
    assert done.stdout == ""
    for place in ("clusters.east.versoin", "clusters.west.ambassador.gateway.port", "links[1]"):
        assert place in done.stderr
    assert done.stderr.count("→") >= 3
    assert "Traceback" not in done.stderr


def test_every_verb_of_a_stack_refuses_a_broken_one(tmp_path: Path) -> None:
    file = tmp_path / "broken.yaml"
    file.write_text(BROKEN)
    for done in (mesh("check", file), mesh("render", file, "--out", tmp_path / "out")):
        assert done.returncode == 2
        assert "clusters.east.versoin" in done.stderr
    assert not (tmp_path / "out").exists()


def test_an_unknown_stack_is_answered_with_those_that_exist() -> None:
    done = mesh("validate", "prodution")
    assert done.returncode == 2
    assert "'prodution'" in done.stderr
    for name in ("local", "production", "staging"):
        assert name in done.stderr


@pytest.mark.parametrize("name", ["absent/Pulumi.x.yaml", "absent.yaml", "./stacks"])
def test_a_path_that_is_no_file_is_named(name: str) -> None:
    done = mesh("validate", name)
    assert done.returncode == 2
    assert name in done.stderr
    assert "Traceback" not in done.stderr


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "image.yaml"
    file.write_bytes(bytes(range(256)))
    done = mesh("validate", file)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    "arguments", [["deploy"], ["validate", "--fast", "local"], ["validate"], ["render", "local"]]
)
def test_wrong_usage_exits_with_2_and_points_to_the_help(arguments: list[str]) -> None:
    done = mesh(*arguments)
    assert done.returncode == 2
    assert "-h" in done.stderr
    assert "Traceback" not in done.stderr


def test_validate_imports_neither_the_engine_nor_a_cluster_client() -> None:
    report = (
        "import atexit\n"
        "atexit.register(lambda: print({'pulumi', 'kubernetes', 'typing'} & set(sys.modules)))"
    )
    done = mesh("validate", "local", before=report)
    assert done.returncode == 0
    assert done.stdout.splitlines()[-1] == "{'typing'}"


def test_check_fails_in_words_and_in_json_where_no_cluster_answers(tmp_path: Path) -> None:
    missing = str(tmp_path / "kubeconfig")
    done = mesh("check", "local", KUBECONFIG=missing)
    assert done.returncode == 1
    assert missing in done.stdout
    assert "Traceback" not in done.stdout + done.stderr
    done = mesh("check", "local", "--json", KUBECONFIG=missing)
    assert done.returncode == 1
    assert json.loads(done.stdout)["success"] is False


def test_the_demo_wants_both_contexts_or_neither(tmp_path: Path) -> None:
    done = mesh("demo", "--source", "mine", MESH_STATE=str(tmp_path))
    assert done.returncode == 2
    assert "--target" in done.stderr


def test_the_demo_does_not_enter_the_users_clusters_without_a_way_back(tmp_path: Path) -> None:
    own = ("--source", "east", "--target", "west")
    done = mesh("demo", *own, "--quick", MESH_STATE=str(tmp_path))
    assert done.returncode == 2
    assert "needs the Pulumi engine" in done.stderr
    assert "./mesh render" in done.stderr


def test_taking_down_a_demo_that_never_was_is_no_failure(tmp_path: Path) -> None:
    done = mesh("demo", "--down", MESH_STATE=str(tmp_path))
    assert done.returncode == 0
    assert "nothing to remove" in done.stderr


def test_the_version_is_that_of_the_project() -> None:
    done = mesh("--version")
    assert done.returncode == 0
    assert f'version = "{done.stdout.split()[-1]}"' in (ROOT / "pyproject.toml").read_text()


def test_an_unexpected_error_is_one_line_and_a_private_log_without_values(tmp_path: Path) -> None:
    fault = (
        "import cli.stacks\n"
        "def fault(stack): raise LookupError('first line\\nBEARER abc')\n"
        "cli.stacks.load = fault"
    )
    done = mesh("validate", "local", before=fault, MESH_STATE=str(tmp_path))
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
    assert "unexpected LookupError; traceback in" in done.stderr
    log = tmp_path / "mesh.log"
    assert str(log) in done.stderr
    assert "in fault" in log.read_text()
    assert "BEARER" not in log.read_text() + done.stderr
    assert stat.S_IMODE(log.stat().st_mode) == 0o600


def test_an_interrupt_exits_with_130(tmp_path: Path) -> None:
    fault = "import cli.stacks\ndef fault(stack): raise KeyboardInterrupt\ncli.stacks.load = fault"
    done = mesh("validate", "local", before=fault)
    assert done.returncode == 130
    assert "Traceback" not in done.stderr


def test_signs_that_a_terminal_cannot_show_do_no_harm() -> None:
    done = mesh("validate", "local", PYTHONIOENCODING="ascii")
    assert done.returncode == 0, done.stderr
    assert "source ? target" in done.stdout


def test_render_writes_nothing_where_a_repository_of_charts_does_not_answer(
    tmp_path: Path, nowhere: str
) -> None:
    text = (ROOT / "stacks" / "Pulumi.local.yaml").read_text()
    repositories = f"{{linkerd: {nowhere}charts, emissary: {nowhere}charts}}"
    file = tmp_path / "silent.yaml"
    file.write_text(f"{text}\n  linkerd-ambassador-mesh:charts: {repositories}\n")
    out = tmp_path / "out"
    done = mesh("render", file, "--out", out, MESH_CHARTS="", NO_PROXY="127.0.0.1")
    assert done.returncode == 1, done.stdout + done.stderr
    assert f"{nowhere}charts/index.yaml does not answer" in done.stderr
    for remedy in ("MESH_CHARTS", "--stand-in-charts"):
        assert remedy in done.stderr
    assert not out.exists()


def test_arguments_of_test_reach_pytest() -> None:
    done = mesh("test", "--collect-only", "-q", "tests/unit/cli/test_cli.py", "-k", "reach_pytest")
    assert done.returncode == 0, done.stdout
    assert "test_arguments_of_test_reach_pytest" in done.stdout
