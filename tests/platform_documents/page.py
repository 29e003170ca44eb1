"""The parts of ``docs/platform.md`` that are written from the models and from the recipes."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from config.platform.recipes import RECIPES, Recipe
from config.reference import reference_text
from tests.documents.table import part
from tests.platform_documents import page, reasons

PAGE = Path(__file__).resolve().parents[2] / "docs" / "platform.md"
"""The page that holds them."""

HERE = "clusters.<name>"
NO_POLICY = "none: the page keeps the default inbound policy"
SECTIONS = {
    "trustAnchor.certManager": "Linkerd Installation, steps 4 to 8",
    "trustAnchor.certManager.trustRoots": "GitOps installation",
    "trustAnchor.certManager.rootsSecret": "GitOps installation, step 6",
    f"{HERE}.certManager": "Installation pre-requisite: Configure Cert-Manager",
    f"{HERE}.certManager.trustManager": "GitOps installation",
    "charts.certManager": "Installation pre-requisite: Configure Cert-Manager",
    f"{HERE}.linkerd.viz": "Linkerd Viz extension installation, step 2",
    f"{HERE}.linkerd.viz.ingress": "Linkerd Viz extension installation, step 4",
    f"{HERE}.linkerd.viz.route": "Linkerd Viz extension installation, step 4",
    f"{HERE}.monitoring": "Linkerd Viz extension installation, step 5",
    f"{HERE}.monitoring.dashboards": "Linkerd Viz extension installation, step 6",
    f"{HERE}.monitoring.prometheus": NO_POLICY,
    f"{HERE}.monitoring.namespaces": NO_POLICY,
    f"{HERE}.linkerd.tracing": "Linkerd jaeger extension installation",
    f"{HERE}.ambassador.tracing": "none: the page has no Ambassador",
    f"{HERE}.meshed": "Meshing a service with linkerd",
    f"{HERE}.meshed[].recipe": "Meshing cluster services; Configure Ingress Controller",
    f"{HERE}.meshed[].container": "Meshing cluster services, Longhorn",
    f"{HERE}.meshed[].env": "Meshing cluster services, Longhorn",
    f"{HERE}.meshed[].publicPorts": NO_POLICY,
    f"{HERE}.meshed[].podLabels": NO_POLICY,
    f"{HERE}.jobs": "Problems with Kubernetes Jobs and implicit annotation",
    f"{HERE}.ingresses": "Configure Ingress Controller",
}
"""Options of the page, and where the document speaks of them; the longest key counts."""


def section_of(key: str) -> str | None:
    """Where the document speaks of an option, or None for one that is not of this page."""
    fitting = [
        front
        for front in SECTIONS
        if key == front or (key.startswith(front) and key[len(front)] in ".[")
    ]
    return SECTIONS[max(fitting, key=len)] if fitting else None


def options() -> Iterator[tuple[str, str]]:
    """Every option of the page: its key, and its row of the table."""
    for line in reference_text().splitlines():
        if not line.startswith("| `"):
            continue
        key = line.split("`")[1]
        section = section_of(key)
        if section is not None:
            yield key, f"{line} {section} |"


def page_text() -> str:
    """The page with its parts as the models and recipes have them."""
    text = PAGE.read_text(encoding="utf-8")
    for name, made in (
        ("recipes", _recipes()),
        ("blocks", _blocks()),
        ("options", _options()),
    ):
        before, _, after = part(text, name)
        text = f"{before}\n{made}\n{after}"
    return text


def _blocks() -> str:
    lines = ["| the document | here | differs |", "|---|---|---|"]
    for item in page().yielded:
        stack = copy.deepcopy(item.stack)
        (cluster,) = stack["clusters"].values()
        del cluster["context"]
        places = [f"`{_escaped(one.at)}` (**{one.why}**)" for one in item.differences]
        differs = "<br>".join(places) or "nothing"
        lines.append(f"| {item.setting} | {_flow(stack)} | {differs} |")
    for patch in page().patches:
        lines.append(f"| {patch.setting} | {_flow({'meshed': [patch.meshed]})} | nothing |")
    for owner in page().owner:
        lines.append(f"| {owner.setting} | its owner's values: recipe `{owner.recipe}` | nothing |")
    for other in page().others:
        words = _escaped(" ".join(other.code.split()))
        short = words if len(words) < 70 else f"{words[:66].rstrip()} …"
        lines.append(f"| `{short}` | {other.instead} | |")
    lines += ["", "Why:", "", "| | |", "|---|---|"]
    lines += [f"| **{key}** | {text} |" for key, text in reasons().items()]
    return "\n".join(lines) + "\n"


def _flow(value: Mapping[str, Any]) -> str:
    text = yaml.safe_dump(dict(value), default_flow_style=True, width=10_000, sort_keys=False)
    return f"`{_escaped(text.strip())}`"


def _escaped(text: str) -> str:
    return text.replace("|", "\\|")


def _options() -> str:
    lines = ["| option | default | meaning | section of the document |", "|---|---|---|---|"]
    return "\n".join([*lines, *(row for _, row in options())]) + "\n"


def _recipes() -> str:
    lines = [
        "| `recipe` | product | namespace | meshed | open ports | values that its owner writes "
        "| remarks |",
        "|---|---|---|---|---|---|---|",
    ]
    lines += [
        f"| `{name}` | {recipe.title} | `{recipe.namespace}` | {_meshed(recipe)} "
        f"| {_open(recipe)} | {_values(recipe)} | {'<br>'.join(recipe.remarks)} |"
        for name, recipe in RECIPES.items()
    ]
    return "\n".join(lines) + "\n"


def _meshed(recipe: Recipe) -> str:
    return "<br>".join(f"{kind} `{name}`" for kind, name in recipe.workloads) or "the namespace"


def _open(recipe: Recipe) -> str:
    whom = {"anyone": "", "cluster": " (of the cluster's networks)"}
    return "<br>".join(
        ", ".join(f"`{port}`" for port in called.ports) + whom[called.by]
        for called in recipe.called
    )


def _values(recipe: Recipe) -> str:
    if not recipe.owner_values:
        return ""
    return _flow(recipe.owner_values)
