"""The engine that is built here, and the plugins that are programs of this checkout."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import grpc  # type: ignore[import-untyped]
import pytest
from google.protobuf import empty_pb2  # type: ignore[import-untyped]
from pulumi.runtime.proto import language_pb2_grpc, provider_pb2_grpc

from cli.demo import next_steps
from cli.demo.stack import DemoStack
from cli.engine import built, find
from cli.engine.engine import Engine, EngineUnavailableError
from machine.tools import ENGINE_TOOLS
from tests.unit.cli.conftest import Program


@pytest.fixture
def made(program: Program, private: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Path]:
    """Programs in the place of those that are built."""
    found = {}
    for name in ENGINE_TOOLS:
        folder = private / name / "bin"
        folder.mkdir(parents=True)
        found[name] = program(name, "print(os.environ['PATH'])").rename(folder / name)
    monkeypatch.setattr(
        built, "ensure", lambda names, report: {name: found[name] for name in names}
    )
    return found


def path_of(engine: Engine) -> list[str]:
    lines: list[str] = []
    engine.execute(["up"], lines.append)
    return lines[0].split(os.pathsep)


def test_without_pulumi_and_internet_the_engine_is_built(
    made: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(find, "unreachable", lambda urls: dict.fromkeys(urls, "no route"))
    engine = find.find(lambda _: None)
    assert engine.command == str(made["pulumi"])
    assert "stand-in for the provider tls" in engine.origin


def test_the_engine_that_is_built_finds_its_plugins_before_those_of_the_user(
    made: dict[str, Path], private: Path
) -> None:
    path = path_of(built.built(lambda _: None))
    assert path[0] == str(built.PLUGINS)
    provider = str(made["pulumi-resource-kubernetes"].parent)
    assert path.index(provider) < path.index(str(private / "bin"))


def test_the_printed_commands_put_the_same_folders_before_path(
    made: dict[str, Path], private: Path
) -> None:
    engine = built.built(lambda _: None)
    _, commands = next_steps.to_go_on(DemoStack(private), engine, None)
    (line,) = (line for line in commands if line.startswith("export PATH="))
    shell = subprocess.run(
        ["/bin/sh", "-c", f"{line}\necho $PATH"], capture_output=True, text=True, check=True
    )
    assert shell.stdout.strip() == engine.environment["PATH"]


def test_the_engine_is_built_where_that_is_asked_for(
    made: dict[str, Path], program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    program("pulumi", "print('[]')")
    monkeypatch.setenv(find.ENGINE_VARIABLE, "built")
    assert find.find(lambda _: None).command == str(made["pulumi"])


def test_another_word_than_built_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(find.ENGINE_VARIABLE, "stolen")
    with pytest.raises(EngineUnavailableError, match="'stolen'") as error:
        find.find(lambda _: None)
    assert "unset it" in error.value.remedy


@contextmanager
def running(name: str) -> Iterator[grpc.Channel]:
    """A connection to a plugin that was started as the engine starts it."""
    process = subprocess.Popen(
        [built.PLUGINS / name, "127.0.0.1:1"],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHON": sys.executable},
    )
    try:
        assert process.stdout is not None
        with grpc.insecure_channel(f"127.0.0.1:{int(process.stdout.readline())}") as channel:
            yield channel
        process.send_signal(signal.SIGINT)
        process.wait(30)
    finally:
        process.kill()
        process.wait()


def test_the_language_host_answers_the_engine_and_ends_on_its_interrupt() -> None:
    with running("pulumi-language-python") as channel:
        about = language_pb2_grpc.LanguageRuntimeStub(channel).About(empty_pb2.Empty(), timeout=60)
    assert about.version == ".".join(map(str, sys.version_info[:3]))


def test_the_plugin_for_tls_gives_its_version_and_ends_on_an_interrupt() -> None:
    with running("pulumi-resource-tls") as channel:
        stub = provider_pb2_grpc.ResourceProviderStub(channel)
        info = stub.GetPluginInfo(empty_pb2.Empty(), timeout=60)
    assert info.version.endswith("+stand-in")
