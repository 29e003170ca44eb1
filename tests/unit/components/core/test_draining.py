"""What serves goes on while its pod leaves the endpoints, where its proxy does, too."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from config import MeshConfig
from render import Recording

GRACE = 30
"""Seconds after which a kubelet kills a pod by default."""


def seconds(hooks: Any) -> int:
    """How long the container goes on; 0 without a hook."""
    return int(hooks["preStop"]["sleep"]["seconds"]) if hooks else 0


@pytest.mark.parametrize("flavour", ["emissary", "edge-stack, edgeStack: {licenseKey: a-licence}"])
@pytest.mark.parametrize(
    ("linkerd", "native"),
    [
        ("{}", True),
        # The proxy would end at once.
        ("{values: {proxy: {nativeSidecar: false}}}", False),
        ("{version: 2025.10.7}", False),
    ],
)
def test_a_gateway_and_the_sample_serve_until_clients_know_that_their_pods_end(
    mesh: Callable[[str], MeshConfig],
    recorded: Callable[..., Recording],
    flavour: str,
    linkerd: str,
    native: bool,
) -> None:
    both = f"linkerd: {linkerd}, sample: {{}}"
    recording = recorded(
        mesh(
            f"""
            clusters:
              a: {{context: a, {both}, ambassador: {{flavour: {flavour}, gateway: {{}}}}}}
              b: {{context: b, {both}, ambassador: {{flavour: {flavour}}}}}
            """
        )
    )
    for name, gateway in (("a", True), ("b", False)):
        values = recording.named(f"{name}-ambassador-release").inputs["values"]
        values = values.get("emissary-ingress", values)
        assert (0 < seconds(values.get("lifecycle")) < GRACE) is (native and gateway)
        pods = recording.named(f"{name}-sample-deployment").inputs["spec"]["template"]["spec"]
        (container,) = pods["containers"]
        assert (0 < seconds(container.get("lifecycle")) < GRACE) is native
