"""The script `mesh`: it makes its environment when it has to, and says what hinders it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).resolve().parents[3]

SPEAKS = "import sys; print('verb', sys.argv[1:], sys.prefix)\n"


class First(NamedTuple):
    """A checkout, and what came of its first call."""

    folder: Path
    done: subprocess.CompletedProcess[str]


def checkout(folder: Path) -> Path:
    """A checkout that has nothing but the script, and a verb that says how it was called."""
    (folder / "cli").mkdir(parents=True)
    shutil.copy(ROOT / "mesh", folder / "mesh")
    shutil.copy(ROOT / "cli" / "virtualenv.py", folder / "cli" / "virtualenv.py")
    (folder / "cli" / "__main__.py").write_text(SPEAKS)
    (folder / "requirements.txt").write_text("# nothing\n")
    return folder


@pytest.fixture(scope="module")
def first_call(tmp_path_factory: pytest.TempPathFactory) -> First:
    """The first call of a fresh checkout."""
    folder = checkout(tmp_path_factory.mktemp("first") / "checkout")
    return First(folder, call(folder / "mesh", "validate", "a b"))


@pytest.fixture
def made(first_call: First, tmp_path: Path) -> Path:
    """A checkout of one's own whose environment is made."""
    folder = tmp_path / "checkout"
    shutil.copytree(first_call.folder, folder, symlinks=True)
    return folder


def call(
    script: Path | str,
    *arguments: str,
    folder: Path | None = None,
    **environment: str,
) -> subprocess.CompletedProcess[str]:
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    return subprocess.run(
        [script, *arguments],
        cwd=folder,
        env={**os.environ, "PATH": path, **environment},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )


def path_with(folder: Path, python: str) -> str:
    """A PATH with a `python3` of this text, and only what a shell script cannot do without."""
    folder.mkdir()
    for name in ("sh", "cmp", "dirname", "readlink"):
        program = shutil.which(name)
        assert program is not None
        (folder / name).symlink_to(program)
    (folder / "python3").write_text(python)
    (folder / "python3").chmod(0o755)
    return str(folder)


def test_the_first_call_makes_the_environment_and_runs_the_verb_in_it(first_call: First) -> None:
    folder, done = first_call
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"verb ['validate', 'a b'] {folder / '.venv'}\n"
    assert "making the virtual environment" in done.stderr
    assert "installing requirements.txt" in done.stderr


def test_later_calls_do_not_run_pip_and_say_nothing(made: Path) -> None:
    log = made / ".venv" / ".mesh.log"
    log.write_text("untouched")
    done = call(made / "mesh")
    assert (done.returncode, done.stderr, log.read_text()) == (0, "", "untouched")


def test_changed_requirements_are_installed_into_the_same_environment(made: Path) -> None:
    (made / ".venv" / "mine").touch()
    (made / "requirements.txt").write_text("# something else\n")
    done = call(made / "mesh")
    assert done.returncode == 0
    assert "installing requirements.txt" in done.stderr
    assert "making the virtual environment" not in done.stderr
    assert (made / ".venv" / "mine").exists()
    assert call(made / "mesh").stderr == ""


def test_it_works_from_any_folder_and_through_links(made: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "else where"
    elsewhere.mkdir()
    (elsewhere / "absolute").symlink_to(made / "mesh")
    (elsewhere / "relative").symlink_to("absolute")
    done = call("else where/relative", "x", folder=tmp_path)
    assert done.stdout == f"verb ['x'] {made / '.venv'}\n"


def test_an_environment_that_was_interrupted_is_made_again(made: Path) -> None:
    (made / ".venv" / "requirements.installed").unlink()
    site = next((made / ".venv" / "lib").glob("python3*/site-packages"))
    shutil.rmtree(site / "pip")
    done = call(made / "mesh")
    assert done.returncode == 0, done.stderr
    assert "making the virtual environment" in done.stderr
    assert (site / "pip").is_dir()


def test_an_environment_whose_python_is_gone_is_made_again(made: Path) -> None:
    for name in ("python", "python3"):
        (made / ".venv" / "bin" / name).unlink()
        (made / ".venv" / "bin" / name).symlink_to("/nowhere/python")
    done = call(made / "mesh")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("verb")


def test_an_old_python_is_refused_before_anything_is_made(tmp_path: Path) -> None:
    folder = checkout(tmp_path / "checkout")
    lie = "import sys; sys.version_info = (3, 8, 20); exec(sys.argv[1])"
    old = (
        "#!/bin/sh\n"
        "[ \"$1\" = --version ] && echo 'Python 3.8.20' && exit\n"
        f"exec {sys.executable} -c '{lie}' \"$2\"\n"
    )
    done = call(folder / "mesh", PATH=path_with(tmp_path / "bin", old))
    assert done.returncode == 1
    assert "Python 3.11 or newer is needed" in done.stderr
    assert "Python 3.8.20" in done.stderr
    assert not (folder / ".venv").exists()


def test_a_python_that_cannot_make_environments_is_named_with_the_remedy(tmp_path: Path) -> None:
    folder = checkout(tmp_path / "checkout")
    broken = tmp_path / "broken"
    broken.mkdir()
    (broken / "venv.py").write_text("raise SystemExit('ensurepip is not available')\n")
    done = call(folder / "mesh", PYTHONPATH=str(broken))
    assert done.returncode == 1
    assert "ensurepip is not available" in done.stderr
    assert "apt install python3-venv" in done.stderr
    assert "Traceback" not in done.stderr


def test_requirements_that_cannot_be_installed_are_reported_and_tried_again(made: Path) -> None:
    (made / "requirements.txt").write_text("--no-index\nabsent-package==1\n")
    for _ in range(2):
        done = call(made / "mesh")
        assert done.returncode == 1
        assert "pip cannot install requirements.txt" in done.stderr
        assert "absent-package" in done.stderr
        assert "Traceback" not in done.stderr
        assert done.stdout == ""
