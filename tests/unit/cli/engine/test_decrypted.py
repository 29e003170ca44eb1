"""Reading what a stack file has encrypted."""

from __future__ import annotations

from pathlib import Path

import pytest

from cli.engine import decrypted
from cli.errors import VerbError
from tests.unit.cli.conftest import Program

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


def test_an_encrypted_kubeconfig_is_read_through_pulumi(locked: Path, program: Program) -> None:
    plain = "{clusters: [{name: east}], contexts: [{name: east}]}"
    shown = {
        "linkerd-ambassador-mesh:clusters": {
            "value": "...",
            "objectValue": {"east": {"kubeconfig": plain}, "west": {"context": "west"}},
        },
        "linkerd-ambassador-mesh:timeoutSeconds": {"value": "600"},
    }
    program("pulumi", f"import json; print(json.dumps({shown!r}))")
    kubeconfig = decrypted.load(str(locked)).clusters["east"].kubeconfig
    assert kubeconfig is not None
    assert kubeconfig.get_secret_value() == plain


def test_where_pulumi_cannot_decrypt_its_reason_is_given(locked: Path, program: Program) -> None:
    program("pulumi", "sys.exit('error: incorrect passphrase')")
    with pytest.raises(VerbError, match="cannot read it: incorrect passphrase"):
        decrypted.load(str(locked))
