"""Writes rendered objects as one folder per cluster.

    <out>/README.md
    <out>/charts.yaml
    <out>/<cluster>/kustomization.yaml
    <out>/<cluster>/<step>-<component>/<kind>-<namespace>-<name>.yaml
    <out>/<cluster>/<step>-<component>/<release>/<kind>-<namespace>-<name>.yaml

Two renders of one stack differ only in keys and in the certificates (and bundles of anchors) that
belong to them, unless the stack file provides the anchor.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from render import chart_origins
from render.documents import dump
from render.errors import RenderError
from render.manifests import RenderedObject
from render.placeholders import UNKNOWN
from render.recorder import RELEASE
from render.redaction import REDACTED

MARKER = ".rendered.json"
"""File that lists what was written; a folder that has it may be replaced."""


def write(
    manifests: Mapping[str, Sequence[RenderedObject]], out: Path, reveal: bool, charts: str = ""
) -> list[Path]:
    """Write the objects of every cluster below `out`, and return the files.

    `charts` is the text of ``charts.yaml`` (`chart_origins.as_yaml`). Secrets are left out unless
    `reveal`; then only the owner may read the files. The folder appears as a whole or not at all.
    Raises RenderError where it cannot be written, or has files that were not rendered.
    """
    out = Path(os.path.abspath(out.expanduser()))  # noqa: PTH100 (a link is to stay a link)
    target = out.resolve()
    _refuse_foreign(target)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        made = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
    except OSError as error:
        raise _unwritable(out, error) from None
    try:
        files = _contents(manifests, reveal)
        if charts:
            files[chart_origins.FILE] = charts
        names = sorted(files)
        files[MARKER] = json.dumps({"files": names}, indent=2) + "\n"
        for name, text in files.items():
            path = made / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch(mode=0o600 if reveal else 0o666)
            path.write_text(text, encoding="utf-8")
        _set_mode(made, reveal)
        _replace(target, made)
    except OSError as error:
        raise _unwritable(out, error) from None
    finally:
        shutil.rmtree(made, ignore_errors=True)
    return [out / name for name in names]


def _contents(manifests: Mapping[str, Sequence[RenderedObject]], reveal: bool) -> dict[str, str]:
    files = {"README.md": _readme(manifests, reveal)}
    for cluster, items in manifests.items():
        listed: list[tuple[str, str]] = []
        for name, manifest in zip(_names(items), items, strict=True):
            files[f"{cluster}/{name}"] = _text(manifest, reveal)
            listed.append((name, _left_out(manifest, reveal)))
        files[f"{cluster}/kustomization.yaml"] = _kustomization(cluster, listed)
    return files


def _names(items: Sequence[RenderedObject]) -> list[str]:
    """A path for each manifest, below its cluster's folder."""
    steps: dict[str, int] = {}
    names: list[str] = []
    taken: set[str] = set()
    for item in items:
        step = steps.setdefault(item.component, len(steps) + 1)
        folder = f"{step:02d}-{item.component}"
        if item.owner.type == RELEASE:
            release = item.owner.name.removeprefix(f"{item.component}-")
            folder = f"{folder}/{release}"
        metadata = item.object.get("metadata") or {}
        parts = [item.object.get("kind"), metadata.get("namespace"), metadata.get("name")]
        base = _slug("-".join(str(part) for part in parts if part))
        name, number = f"{folder}/{base}.yaml", 2
        while name in taken:
            name, number = f"{folder}/{base}-{number}.yaml", number + 1
        taken.add(name)
        names.append(name)
    return names


def _slug(text: str) -> str:
    """A file name: names of RBAC objects may have colons, which some file systems refuse."""
    return "".join(c if c.isalnum() or c in "-._" else "-" for c in text.lower())


def _text(manifest: RenderedObject, reveal: bool) -> str:
    notes = []
    if manifest.secret and not reveal:
        notes.append(f"Secrets are written as {REDACTED}.")
    if manifest.patch:
        notes.append(
            "Another owner's object; this stack sets only these fields: apply with --server-side"
            + (f" --field-manager={manifest.field_manager}" if manifest.field_manager else "")
        )
    if manifest.hook:
        notes.append(f"A Helm hook: {manifest.hook}.")
    if manifest.incomplete:
        notes.append("Has placeholders for what is not known before deployment.")
    return "".join(f"# {note}\n" for note in notes) + dump(
        manifest.object if reveal else manifest.redacted
    )


def _left_out(manifest: RenderedObject, reveal: bool) -> str:
    """Why an object is left out of the kustomization; empty where it is not."""
    if manifest.patch:
        return "another owner's object"
    if manifest.secret and not reveal:
        return "redacted"
    return "not known before deployment" if manifest.incomplete else ""


def _kustomization(cluster: str, listed: Sequence[tuple[str, str]]) -> str:
    lines = [
        f"# Everything in cluster {cluster}, each object after what it depends on.",
        "apiVersion: kustomize.config.k8s.io/v1beta1",
        "kind: Kustomization",
        "sortOptions:",
        "  order: fifo",
        "resources:",
    ]
    if all(reason for _, reason in listed):
        lines[-1] = "resources: []"
    for name, reason in listed:
        lines.append(f"# - {name}  # {reason}" if reason else f"- {name}")
    return "\n".join(lines) + "\n"


def _readme(manifests: Mapping[str, Sequence[RenderedObject]], reveal: bool) -> str:
    lines = [
        "# Rendered manifests",
        "",
        "What `pulumi up` would create, as plain objects, written by `./mesh render`. Do not edit:",
        "the next render replaces the folder. `charts.yaml` names the chart of each Helm release,",
        "its version, source and digest.",
        "",
        "| cluster | objects | of these secret |",
        "|---|---|---|",
    ]
    for cluster, items in manifests.items():
        lines.append(f"| {cluster} | {len(items)} | {sum(item.secret for item in items)} |")
    lines += [
        "",
        "To apply a cluster's objects, twice, because the first round creates kinds that the",
        "second one needs:",
        "",
        "    kubectl --context CONTEXT apply --server-side -k CLUSTER",
        "",
        "Files that begin with *Another owner's object* are left out of that, and name the flags",
        "to apply them with, once that object exists.",
        "",
        f"- `{UNKNOWN}` is written where only a running cluster knows the value: addresses of",
        "  gateways, tokens, API servers that no kubeconfig names. Objects that have it are left",
        "  out of `kustomization.yaml` too.",
        "- Every render generates keys and certificates, unless the stack file provides the trust",
        "  anchor.",
    ]
    if reveal:
        lines.append("- **This folder has private keys.** Do not commit it.")
    else:
        lines.append(f"- Secrets are redacted (`{REDACTED}`) and left out of `kustomization.yaml`;")
        lines.append("  `./mesh render --show-secrets` writes them.")
    return "\n".join(lines) + "\n"


def _refuse_foreign(target: Path) -> None:
    if not target.exists():
        return
    if not target.is_dir():
        raise RenderError(f"{target} is not a folder", "name another one")
    if not any(target.iterdir()):
        return
    remedy = "name a folder that is empty or does not exist"
    try:
        rendered = set(json.loads((target / MARKER).read_text(encoding="utf-8"))["files"])
    except (OSError, ValueError, KeyError, TypeError):
        raise RenderError(
            f"{target} has files that were not rendered, and they would be lost", remedy
        ) from None
    present = {
        path.relative_to(target).as_posix()
        for path in target.rglob("*")
        if path.is_symlink() or not path.is_dir()
    }
    foreign = sorted(present - rendered - {MARKER})
    if foreign:
        some = ", ".join(foreign[:5]) + (", …" if len(foreign) > 5 else "")
        raise RenderError(
            f"{target} has files that were not rendered, and they would be lost: {some}",
            f"move them away, or {remedy}",
        )


def _set_mode(folder: Path, reveal: bool) -> None:
    """Give the folder the usual mode, for a temporary one is private; with `reveal` keep it so."""
    if reveal:
        for path in folder.rglob("*"):
            if path.is_dir():
                path.chmod(0o700)
        return
    mask = os.umask(0)
    os.umask(mask)
    folder.chmod(0o777 & ~mask)


def _replace(target: Path, made: Path) -> None:
    if not target.exists():
        made.rename(target)
        return
    old = Path(tempfile.mkdtemp(prefix=f".{target.name}.old.", dir=target.parent)) / "old"
    target.rename(old)
    try:
        made.rename(target)
    except OSError:
        old.rename(target)
        raise
    finally:
        shutil.rmtree(old.parent, ignore_errors=True)


def _unwritable(out: Path, error: OSError) -> RenderError:
    reason = error.strerror or type(error).__name__
    return RenderError(f"{out} cannot be written ({reason})", "name another folder")
