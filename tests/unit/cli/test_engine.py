"""Finding the Pulumi engine, running it, and reading what it prints."""

from __future__ import annotations

import http.server
import signal
import socket
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from cli import charts
from cli.demo.stack import DemoStack
from cli.engine import decrypted, engine
from cli.engine.engine import Engine, EngineUnavailableError
from cli.errors import VerbError
from cli.internet import unreachable

ROOT = Path(__file__).resolve().parents[3]


class Answers(http.server.BaseHTTPRequestHandler):
    """A server whose paths are the status codes that it answers with; /never does not answer."""

    patience = threading.Event()

    def do_HEAD(self) -> None:
        if self.path == "/never":
            self.patience.wait(30)
            return
        self.send_response(int(self.path.strip("/")))
        self.end_headers()

    def log_message(self, *_: Any) -> None: ...


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    Answers.patience.clear()
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answers) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        Answers.patience.set()
        server.shutdown()
        thread.join()


@pytest.fixture
def nowhere() -> str:
    """An address that refuses."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{free.getsockname()[1]}/"


@pytest.fixture
def private(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Cache, state and PATH that have nothing of this machine."""
    monkeypatch.setenv("MESH_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("MESH_STATE", str(tmp_path / "state"))
    programs = tmp_path / "bin"
    programs.mkdir()
    monkeypatch.setenv("PATH", f"{programs}:/usr/bin:/bin")
    return tmp_path


def program(folder: Path, name: str, text: str) -> Path:
    """A program written in Python."""
    file = folder / "bin" / name
    file.write_text(f"#!{sys.executable}\nimport os, signal, sys, time\n{text}\n")
    file.chmod(0o755)
    return file


def silent(_: str) -> None: ...


def test_addresses_that_answer_are_told_from_those_that_do_not(site: str, nowhere: str) -> None:
    found = unreachable([f"{site}/200", f"{site}/401", f"{site}/503", nowhere], limit=20)
    assert set(found) == {f"{site}/503", nowhere}
    assert "503" in found[f"{site}/503"]
    assert "refused" in found[nowhere]


def test_an_address_that_never_answers_is_given_up(site: str) -> None:
    found = unreachable([f"{site}/never", f"{site}/200"], limit=0.5)
    assert list(found) == [f"{site}/never"]


def test_without_pulumi_and_internet_there_is_no_engine_and_a_reason(
    private: Path, nowhere: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "SITE", nowhere)
    with pytest.raises(
        EngineUnavailableError, match=r"not on PATH and .* cannot be reached \(.+\)"
    ):
        engine.find(silent)


def test_a_pulumi_without_its_providers_is_no_engine_where_there_is_no_internet(
    private: Path, nowhere: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    program(private, "pulumi", "print('[]')")
    program(private, "pulumi-resource-tls", "")
    monkeypatch.setattr(engine, "SITE", nowhere)
    with pytest.raises(EngineUnavailableError, match=r"providers \(kubernetes\) are not installed"):
        engine.find(silent)


def test_providers_of_other_versions_do_not_count(
    private: Path, nowhere: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    listed = '[{"name": "kubernetes", "version": "0.0.1"}, {"name": "tls", "version": "0.0.1"}]'
    program(private, "pulumi", f"print('{listed}')")
    monkeypatch.setattr(engine, "SITE", nowhere)
    with pytest.raises(EngineUnavailableError, match="kubernetes, tls"):
        engine.find(silent)


def test_the_engine_of_path_is_taken_with_the_providers_beside_it(private: Path) -> None:
    own = program(private, "pulumi", "print('[]')")
    for name in engine.PLUGINS:
        program(private, f"pulumi-resource-{name}", "")
    found = engine.find(silent)
    assert found.program == own
    assert found.environment["PULUMI_SKIP_UPDATE_CHECK"] == "true"


def test_an_installation_that_fails_is_told_of_with_its_last_words(
    private: Path, site: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "SITE", f"{site}/200")
    monkeypatch.setattr(engine, "_INSTALLER", "raise SystemExit('curl: no such program')")
    with pytest.raises(EngineUnavailableError, match="curl: no such program"):
        engine.find(silent)


def test_an_installed_engine_is_found_again_without_internet(
    private: Path, nowhere: str, site: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = "#!/bin/sh\\necho []\\n"
    installer = f"""
import pathlib, sys
folder = pathlib.Path(sys.argv[1]) / "bin"
folder.mkdir(parents=True)
for name in ("pulumi", "pulumi-resource-kubernetes", "pulumi-resource-tls"):
    (folder / name).write_text("{script}")
    (folder / name).chmod(0o755)
"""
    monkeypatch.setattr(engine, "SITE", f"{site}/200")
    monkeypatch.setattr(engine, "_INSTALLER", installer)
    told: list[str] = []
    first = engine.find(told.append)
    assert str(first.program).startswith(str(private / "cache"))
    assert any("installing Pulumi" in text for text in told)
    monkeypatch.setattr(engine, "SITE", nowhere)
    assert engine.find(silent).program == first.program


def test_settings_reach_the_engine_and_later_changes_of_the_environment_too(
    private: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = program(private, "pulumi", "print(os.environ.get('A'), os.environ.get('B'), sys.argv[1])")
    monkeypatch.setenv("B", "left over")
    runs = Engine(own, {"A": "1"}).having({"B": None})
    monkeypatch.setenv("A", "overridden")
    lines: list[str] = []
    assert runs.run(["up"], lines.append) == 0
    assert lines == ["1 None up"]


def test_an_engine_that_takes_too_long_is_ended(private: Path) -> None:
    own = program(private, "pulumi", "time.sleep(600)")
    with pytest.raises(TimeoutError):
        Engine(own, {}).run(["up"], silent, limit=0.5)


COUNTS_INTERRUPTS = """
count = 0
def interrupted(*_):
    global count
    count += 1
signal.signal(signal.SIGINT, interrupted)
print("ready", flush=True)
while not count:
    time.sleep(0.01)
time.sleep(0.5)
print("x" * 200_000, flush=True)
print("interrupts", count, flush=True)
"""


def test_an_interrupt_reaches_the_engine_once_and_its_last_words_are_heard(private: Path) -> None:
    own = program(private, "pulumi", COUNTS_INTERRUPTS)
    lines: list[str] = []

    def hear(line: str) -> None:
        lines.append(line)
        if line == "ready":
            # As a terminal does it: to the whole group of the foreground.
            signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        Engine(own, {}).run(["up"], hear)
    assert lines[-1] == "interrupts 1"


# What the engine prints of a failing update, shortened.
PRINTED = """
Updating (local):
 +  pulumi:pulumi:Stack linkerd-ambassador-mesh-local creating (0s)
@ updating....
 +  kubernetes:core/v1:Namespace source-namespace creating (0s)
 +  kubernetes:core/v1:Namespace source-namespace created (0.02s)
 +  kubernetes:helm.sh/v3:Release source-crds creating (1s) Waiting
 +  kubernetes:helm.sh/v3:Release source-crds creating (2s) error: chart not found
Diagnostics:
  kubernetes:helm.sh/v3:Release (source-crds):
    error: chart not found

Resources:
    + 2 created
    1 errored

Duration: 3s
"""


class Told:
    """Stands where progress is shown."""

    def __init__(self) -> None:
        self.texts: list[str] = []

    def update(self, text: str, *, lasting: bool = True) -> None:
        self.texts.append(text)


def test_progress_and_diagnostics_are_told_and_all_of_it_is_logged(private: Path) -> None:
    own = program(private, "pulumi", f"print('''{PRINTED}'''); sys.exit(1)")
    stack = DemoStack(private / "demo")
    (private / "demo").mkdir()
    told = Told()
    with pytest.raises(VerbError) as failure:
        stack.up(Engine(own, {}), told)  # type: ignore[arg-type]
    assert told.texts == ["1 created Namespace source-namespace"]
    assert "error: chart not found" in failure.value.message
    assert "Duration" not in failure.value.message
    assert str(stack.log) in failure.value.remedy
    assert "Updating (local):" in stack.log.read_text()
    assert stack.log.stat().st_mode & 0o077 == 0


INITIALISES = """
file = "stacks/Pulumi.local.yaml"
with open(file, "a") as out:
    out.write("encryptionsalt: v1:salt\\n")
"""


def test_the_stack_file_of_the_checkout_is_left_alone_and_the_salt_is_kept(private: Path) -> None:
    own = program(private, "pulumi", INITIALISES)
    original = ROOT / "stacks" / "Pulumi.local.yaml"
    before = original.read_bytes()
    stack = DemoStack(private / "demo")
    for _ in range(2):
        stack.prepare(Engine(own, {}), yaml.safe_load(before))
        content = yaml.safe_load(stack.stack_file.read_text())
        assert content.pop("encryptionsalt") == "v1:salt"
        assert content == yaml.safe_load(before)
    assert original.read_bytes() == before


def test_the_passphrase_is_private_and_in_no_setting(private: Path) -> None:
    own = program(private, "pulumi", INITIALISES)
    stack = DemoStack(private / "demo")
    runs = stack.prepare(Engine(own, {}), {"config": {}})
    file = Path(stack.settings()["PULUMI_CONFIG_PASSPHRASE_FILE"])
    assert file.stat().st_mode & 0o077 == 0
    assert file.read_text() not in repr((runs.environment, stack.log.read_text()))


LOCKED = """
config:
  linkerd-ambassador-mesh:clusters:
    east:
      kubeconfig:
        secure: AAABAK
    west: {context: west}
"""


@pytest.fixture
def locked(private: Path) -> Path:
    """A stack file with an encrypted kubeconfig."""
    file = private / "Pulumi.prod.yaml"
    file.write_text(LOCKED)
    return file


def test_an_encrypted_kubeconfig_needs_pulumi_and_says_so(locked: Path) -> None:
    with pytest.raises(VerbError, match="kubeconfig of east is encrypted, and only Pulumi"):
        decrypted.load(str(locked))


def test_an_encrypted_kubeconfig_is_read_through_pulumi(locked: Path, private: Path) -> None:
    plain = "{clusters: [{name: east}], contexts: [{name: east}]}"
    shown = {
        "linkerd-ambassador-mesh:clusters": {
            "value": "...",
            "objectValue": {"east": {"kubeconfig": plain}, "west": {"context": "west"}},
        },
        "linkerd-ambassador-mesh:timeoutSeconds": {"value": "600"},
    }
    program(private, "pulumi", f"import json; print(json.dumps({shown!r}))")
    kubeconfig = decrypted.load(str(locked)).clusters["east"].kubeconfig
    assert kubeconfig is not None
    assert kubeconfig.get_secret_value() == plain


def test_where_pulumi_cannot_decrypt_its_reason_is_told(locked: Path, private: Path) -> None:
    program(private, "pulumi", "sys.exit('error: incorrect passphrase')")
    with pytest.raises(VerbError, match="cannot read it: incorrect passphrase"):
        decrypted.load(str(locked))


def test_stand_in_charts_are_packaged_once_and_named_as_such_where_nothing_else_can_be_had(
    private: Path, nowhere: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from cli import stacks

    monkeypatch.delenv("MESH_CHARTS", raising=False)
    calls = private / "calls"
    packaging = f"""
import yaml
if sys.argv[1] != "package":
    sys.exit()
open({str(calls)!r}, "a").write("called\\n")
folder = sys.argv[sys.argv.index("--destination") + 1]
for chart in sys.argv[sys.argv.index(folder) + 1:]:
    about = yaml.safe_load(open(os.path.join(chart, "Chart.yaml")))
    open(os.path.join(folder, f"{{about['name']}}-{{about['version']}}.tgz"), "w").close()
"""
    program(private, "helm", packaging)
    config = stacks.load("local")
    monkeypatch.setattr(charts, "unreachable", lambda urls: dict.fromkeys(urls, "no route"))
    for _ in range(2):
        found = charts.available(config, lambda _: None)
        assert "stand-in" in found.note
        assert "no route" in found.note
        assert found.source.directory is not None
        assert found.source.directory.is_relative_to(private / "cache")
    assert calls.read_text() == "called\n"


def test_published_charts_are_taken_where_their_repositories_answer(
    private: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from cli import stacks

    monkeypatch.delenv("MESH_CHARTS", raising=False)
    asked: list[str] = []

    def answers(urls: list[str]) -> dict[str, str]:
        asked.extend(urls)
        return {}

    monkeypatch.setattr(charts, "unreachable", answers)
    found = charts.available(stacks.load("local"), lambda _: None)
    assert (found.source.directory, found.note) == (None, "")
    assert asked == ["https://helm.linkerd.io/edge/index.yaml", "https://ghcr.io/v2/"]


def test_a_chart_folder_that_lacks_charts_is_refused_with_their_names(
    private: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from cli import stacks

    monkeypatch.setenv("MESH_CHARTS", str(private))
    with pytest.raises(VerbError, match=r"linkerd-crds-2026\.8\.3\.tgz"):
        charts.available(stacks.load("local"), lambda _: None)
