"""Where the clusters have keys and certificates, and what to do about a key that none has."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from charts import ChartSource
from config import PROJECT, MeshConfig, load_settings, load_stack_file
from lifecycle.importing.anchors import LostKeyError, require_key
from lifecycle.importing.places import Place, places
from preflight import Reach
from preflight.proxy_trust import HeldTrust
from render import ClusterAnswers, Recording, offline_reach, record
from tests.certificates import ISSUER, ROOT, Certified, certified
from tests.packages import packages
from tests.stack_builders import pair
from tests.stack_files import STACK_FILES
from vocabulary.kubernetes import SECRET_TLS


def recorded(stack: str) -> Recording:
    config = load_stack_file(STACK_FILES[stack])
    charts = ChartSource(packages(), config.charts)
    return record(config, offline_reach(config), charts, ClusterAnswers.placeholders())


@pytest.mark.parametrize("stack", ["local", "tls", "linkerd-2.8"])
def test_every_key_and_certificate_but_the_anchors_key_is_in_a_secret(stack: str) -> None:
    recording = recorded(stack)
    found = places(recording)
    made = [item for item in recording if item.type.startswith("tls:")]
    kept = {item.name for item in made if not item.type.endswith("CertRequest")}
    assert {name for name in kept - found.keys() if "-anchor." not in name} == set()
    assert not any(name.endswith("-key") for name in kept & found.keys() if "-anchor." in name)
    secrets = {
        (item.cluster, item.inputs["metadata"]["namespace"], item.inputs["metadata"]["name"])
        for item in recording
        if item.inputs.get("type") == SECRET_TLS
    }
    assert secrets <= {place[:3] for listed in found.values() for place in listed}


def test_a_place_is_that_of_the_value_itself() -> None:
    found = places(recorded("local"))
    issuer = ("source", "linkerd", "linkerd-identity-issuer")
    assert found["trust-anchor-source-issuer-key"] == [
        Place(*issuer, "tls.key", "privateKeyPemPkcs8")
    ]
    assert found["trust-anchor-source-issuer-certificate"] == [Place(*issuer, "tls.crt", "certPem")]
    anchor = found["trust-anchor-anchor.root-certificate"]
    assert {place.key for place in anchor} == {"ca.crt"}


def mesh(trust: dict[str, Any] | None = None) -> MeshConfig:
    settings = pair() | ({"trustAnchor": trust} if trust is not None else {})
    return load_settings(settings, "a test")


def reach_of(held: HeldTrust | None) -> dict[str, Reach]:
    known = offline_reach(mesh())["source"]
    return {"source": Reach(known.endpoint, known.uid, trust=held)}


@pytest.fixture(scope="module")
def root() -> Certified:
    return certified(ROOT, hosts=(ROOT,), path_length=1)


def test_following_the_remedy_for_a_lost_key_keeps_the_anchor(root: Certified) -> None:
    issuer = certified(ISSUER, root, hosts=(ISSUER,))
    other = certified(ROOT)
    held = HeldTrust((other.certificate, root.certificate), issuer.certificate)
    with pytest.raises(LostKeyError) as caught:
        require_key(mesh(), reach_of(held), ["trust-anchor-source-issuer-key"])
    lines = caught.value.remedy.split("\n")
    first = next(n for n, line in enumerate(lines) if line.endswith("trustAnchor:"))
    last = next(n for n, line in enumerate(lines) if "END CERTIFICATE" in line)
    written = yaml.safe_load("\n".join(lines[first : last + 1]))
    trust = written[f"{PROJECT}:trustAnchor"]
    config = mesh(trust)
    require_key(config, reach_of(held), [])
    assert config.trust_anchor.signing_anchor.certificate == root.pem.strip()


def test_a_key_that_a_cluster_has_is_not_lost(root: Certified) -> None:
    issuer = certified(ISSUER, root, hosts=(ISSUER,))
    held = HeldTrust((root.certificate,), issuer.certificate)
    require_key(mesh(), reach_of(held), ["trust-anchor-anchor.root-key"])


@pytest.mark.parametrize("held", [None, HeldTrust(())])
def test_where_no_cluster_has_linkerd_no_key_is_lost(held: HeldTrust | None) -> None:
    require_key(mesh(), reach_of(held), [])
