"""Kubeconfigs that a provider left are deleted; other files, and those in use, are not."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
import yaml

from kube.left_kubeconfigs import remove

OURS = "https://west.example.com:6443"
THEIRS = "https://elsewhere.example.com:6443"
HOUR = 3600.0


def kubeconfig(*servers: str) -> str:
    clusters = [{"name": server, "cluster": {"server": server}} for server in servers]
    return yaml.safe_dump({"apiVersion": "v1", "kind": "Config", "clusters": clusters})


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    made = tmp_path / "temporary"
    made.mkdir()
    monkeypatch.setenv("TMPDIR", str(made))
    return made


@pytest.fixture
def processes(tmp_path: Path) -> Path:
    """Processes as Linux lists them: no provider, and one that is called much like it."""
    made = tmp_path / "proc"
    made.mkdir()
    (made / "stat").write_text("cpu 1 2 3\nbtime 1000\nprocesses 3\n")
    process(made, 7, "pulumi (pulumi-r", 0)
    return made


def process(processes: Path, pid: int, name: str, started: float, folder: str = "") -> None:
    """A process that started so many seconds after the boot, with a folder for temporary files."""
    ticks = int(started * os.sysconf("SC_CLK_TCK"))
    fields = ["S", *(str(number) for number in range(4, 22)), str(ticks), "23", "24"]
    (processes / str(pid)).mkdir()
    environment = f"HOME=/root\0{f'TMPDIR={folder}' if folder else 'A=b'}\0"
    (processes / str(pid) / "environ").write_text(environment)
    (processes / str(pid) / "stat").write_text(f"{pid} ({name}) {' '.join(fields)}\n")


def left(folder: Path, text: str, name: str = "kubeconfig123", age: float = HOUR) -> Path:
    file = folder / name
    file.touch(0o600)
    file.write_text(text)
    os.utime(file, (time.time() - age, time.time() - age))
    return file


def test_those_that_name_a_server_of_the_stack_are_deleted(folder: Path, processes: Path) -> None:
    files = [
        left(folder, kubeconfig(OURS), "kubeconfig1"),
        left(folder, kubeconfig(THEIRS, OURS), "kubeconfig22"),
    ]
    assert remove({OURS, "https://another"}, processes) == 2
    assert not any(file.exists() for file in files)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("kubeconfig5", kubeconfig(THEIRS)),
        ("kubeconfig5", "clusters: [}"),
        ("kubeconfig5", "- a list"),
        ("kubeconfig5", ""),
        ("kubeconfig", kubeconfig(OURS)),
        ("kubeconfig5.yaml", kubeconfig(OURS)),
        ("my-kubeconfig5", kubeconfig(OURS)),
    ],
)
def test_files_of_others_stay(folder: Path, processes: Path, name: str, text: str) -> None:
    file = left(folder, text, name)
    assert remove({OURS}, processes) == 0
    assert file.read_text() == text


def test_a_file_that_others_may_read_stays(folder: Path, processes: Path) -> None:
    file = left(folder, kubeconfig(OURS))
    file.chmod(0o644)
    assert remove({OURS}, processes) == 0
    assert file.exists()


def test_a_link_is_not_followed(folder: Path, processes: Path, tmp_path: Path) -> None:
    own = left(tmp_path, kubeconfig(OURS), "own")
    (folder / "kubeconfig5").symlink_to(own)
    assert remove({OURS}, processes) == 0
    assert own.exists()


def test_a_file_that_a_running_provider_may_use_stays_and_older_ones_go(
    folder: Path, processes: Path
) -> None:
    began = time.time() - HOUR - 1000
    process(processes, 8, "pulumi-resource", began, str(folder))
    process(processes, 9, "pulumi-resource", began + HOUR / 2, str(folder))
    process(processes, 10, "pulumi-resource", 0, "/another")
    process(processes, 11, "pulumi-resource", 0)
    in_use = left(folder, kubeconfig(OURS), "kubeconfig1", age=HOUR - 60)
    over = left(folder, kubeconfig(OURS), "kubeconfig2", age=HOUR + 60)
    assert remove({OURS}, processes) == 1
    assert in_use.exists()
    assert not over.exists()


def test_where_processes_cannot_be_listed_a_file_goes_after_a_day(
    folder: Path, tmp_path: Path
) -> None:
    young = left(folder, kubeconfig(OURS), "kubeconfig1", age=23 * HOUR)
    old = left(folder, kubeconfig(OURS), "kubeconfig2", age=25 * HOUR)
    assert remove({OURS}, tmp_path / "none") == 1
    assert young.exists()
    assert not old.exists()


def test_without_the_folder_nothing_happens(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, processes: Path
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path / "none"))
    assert remove({OURS}, processes) == 0
