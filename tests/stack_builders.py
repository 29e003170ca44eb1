"""Stack files for tests: valid ones, drawn or shipped, and certificates to put into them."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from hypothesis import strategies as st

from config import PROJECT, MeshConfig, Problem, StackFileError, load_settings
from tests.certificates import Key as PrivateKey
from tests.certificates import certified

ROOT = Path(__file__).resolve().parents[1]
SHIPPED = ("local", "staging", "production")
EXAMPLES = tuple(
    path.name.removeprefix("Pulumi.").removesuffix(".yaml")
    for path in sorted((ROOT / "tests" / "stacks").glob("Pulumi.*.yaml"))
)
"""Stack files of tests: one for each flavour, generation and family of options."""

Settings = dict[str, Any]
Location = tuple[int | str, ...]


# Settings -----------------------------------------------------------------------------------


def pair() -> Settings:
    """Two clusters and a link, as short as they can be written."""
    return {
        "clusters": {
            "source": {"context": "source", "role": "source", "ambassador": {}},
            "target": {"context": "target", "role": "target", "ambassador": {"gateway": {}}},
        },
        "links": [
            {
                "source": "source",
                "target": "target",
                "exports": [{"namespace": "shop", "service": "web"}],
            }
        ],
    }


DELETED = object()
"""In place of a value: the key is to go."""


def changed(changes: Mapping[str, Any], settings: Settings | None = None) -> Settings:
    """Settings (`pair` by default) with values at key paths, creating what is missing."""
    result = copy.deepcopy(settings if settings is not None else pair())
    for path, value in changes.items():
        *before, last = parts(path)
        node: Any = result
        for part in before:
            node = node.setdefault(part, {}) if isinstance(node, dict) else node[part]
        if value is DELETED:
            del node[last]
        elif isinstance(node, list) and last == len(node):
            node.append(copy.deepcopy(value))
        else:
            node[last] = copy.deepcopy(value)
    return result


def parts(path: str) -> Location:
    """The steps of a key path without odd characters."""
    return tuple(
        int(number) if number else key for key, number in re.findall(r"([^.\[\]]+)|\[(\d+)\]", path)
    )


def joined(location: Location) -> str:
    """The key path of a location, as messages write it."""
    path = ""
    for part in location:
        if isinstance(part, int):
            path += f"[{part}]"
        elif re.fullmatch(r"[\w-]+", part):
            path += f".{part}" if path else part
        else:
            path += f'["{part}"]'
    return path


def problems(settings: Any) -> tuple[Problem, ...]:
    """What is wrong with settings; nothing for valid ones."""
    try:
        load_settings(settings, "test")
    except StackFileError as error:
        return error.problems
    return ()


def loaded(settings: Settings) -> MeshConfig:
    """The models of valid settings."""
    return load_settings(settings, "test")


def stack_text(settings: Settings) -> str:
    """A stack file with these settings."""
    config = {f"{PROJECT}:{key}": value for key, value in settings.items()}
    return yaml.safe_dump({"config": {"kubernetes:strictMode": "true", **config}}, sort_keys=False)


def stack_file(name: str) -> Path:
    """The stack file of a name, shipped or of tests."""
    folder = ROOT / "tests" / "stacks" if name in EXAMPLES else ROOT / "stacks"
    return folder / f"Pulumi.{name}.yaml"


@cache
def _shipped(name: str) -> str:
    content = yaml.safe_load(stack_file(name).read_text(encoding="utf-8"))
    # Through JSON, so that what an alias repeats can be changed in one place alone.
    return json.dumps(
        {
            key.partition(":")[2]: value
            for key, value in content["config"].items()
            if key.startswith(f"{PROJECT}:")
        }
    )


def shipped(name: str) -> Settings:
    """The settings of a stack file that this project ships, or has for tests."""
    settings: Settings = json.loads(_shipped(name))
    return settings


FREE = (
    "values",
    "crdsValues",
    "cniValues",
    "jaegerValues",
    "annotations",
    "podLabels",
    "matchLabels",
    "spec",
)
"""Keys of mappings whose keys the user may name."""


def places(node: Any, location: Location = ()) -> Iterator[tuple[Location, Any]]:
    """Every value below `node` with its location, but for what the user may name freely.

    Encrypted values are left out: their content is not validated.
    """
    if isinstance(node, dict) and set(node) == {"secure"}:
        return
    if location:
        yield location, node
        if location[-1] in FREE:
            return
    if isinstance(node, dict):
        for key, value in node.items():
            yield from places(value, (*location, key))
    elif isinstance(node, list):
        for place, value in enumerate(node):
            yield from places(value, (*location, place))


# Valid settings, drawn ----------------------------------------------------------------------

# Sampled rather than drawn letter by letter, which is far slower than the code under test.
LABELS = st.sampled_from(
    ["a", "b-c", "c", "web", "x1", "a-b", "quote", "longer-name-of-some-kind", "z--9", "default-2"]
)
NAMES = st.sampled_from(["a", "web.shop", "x1.y2.z3", "w-w", "cluster.local", "a.b-c", "quote"])
NETWORKS = st.sampled_from(["10.0.0.0/8", "172.16.0.0/12", "fd00:1::/32", "192.0.2.1/32", "::/0"])
ADDRESSES = st.sampled_from(["192.0.2.1", "2001:db8::1", "gateway.example.com", "gateway"])
QUANTITIES = st.one_of(
    st.integers(1, 64), st.integers(1, 999).map(lambda number: f"{number}m"), st.just("250Mi")
)
VALUES = st.dictionaries(
    st.text("abcdefgh", min_size=1, max_size=5),
    st.recursive(
        st.none() | st.booleans() | st.integers(-9, 9) | st.text("xyz", max_size=3),
        lambda inner: (
            st.lists(inner, max_size=2) | st.dictionaries(st.text("pqr", max_size=2), inner)
        ),
        max_leaves=4,
    ),
    max_size=2,
)


def _named(names: st.SearchStrategy[str], **fields: st.SearchStrategy[Any]) -> Any:
    """Entries that differ in name and, where they have one, in prefix."""
    entry = st.fixed_dictionaries({"name": names, **fields})
    different = (lambda item: item["name"], lambda item: item.get("prefix", item["name"]))
    return st.lists(entry, min_size=1, max_size=3, unique_by=different)


def _sometimes(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({}, optional=fields)


LINKERD = _sometimes(
    version=st.sampled_from(["2026.8.3", "2026.9.1"]),
    highAvailability=st.booleans(),
    cni=st.booleans(),
    heartbeat=st.booleans(),
    gatewayApiCrds=st.booleans(),
    proxy=_sometimes(
        resources=_sometimes(cpuRequest=QUANTITIES, memoryLimit=st.just("250Mi")),
        defaultInboundPolicy=st.sampled_from(["all-authenticated", "deny", "audit"]),
    ),
    viz=_sometimes(enabled=st.booleans(), values=VALUES),
    multicluster=_sometimes(createNamespaces=st.booleans()),
    imageRegistry=NAMES.map(lambda name: f"{name}/mirror"),
    imagePullSecrets=_named(NAMES.map(lambda name: f"pull-{name}")),
    values=VALUES,
)
LINKERD_2_8 = _sometimes(
    highAvailability=st.booleans(),
    cni=st.booleans(),
    heartbeat=st.booleans(),
    proxy=_sometimes(resources=_sometimes(cpuRequest=QUANTITIES)),
    values=VALUES,
)
FLAVOURS: st.SearchStrategy[Settings] = st.sampled_from(
    [
        {},
        {"apiVersion": "v2"},
        {"version": "4.1.0", "apiVersion": "v1"},
        {"flavour": "emissary", "version": "3.10.0"},
        {"flavour": "edge-stack", "edgeStack": {"licenseSecret": "licence"}},
        {
            "flavour": "edge-stack",
            "apiVersion": "v2",
            "edgeStack": {"cloudConnectToken": {"secure": "v1:abc"}, "redisUrl": "redis:6379"},
        },
        {"flavour": "ambassador"},
        {"flavour": "ambassador", "apiVersion": "v1"},
    ]
)
TLS = _sometimes(
    secret=NAMES,
    minVersion=st.sampled_from(["v1.0", "v1.2"]),
    maxVersion=st.just("v1.3"),
    alpnProtocols=st.lists(st.sampled_from(["h2", "http/1.1"]), max_size=2),
    cipherSuites=st.just(["AES128-GCM-SHA256"]),
)
HOSTS = st.builds(
    lambda every, some: [
        {"name": "all", "hostname": "*", **every},
        *(
            {"name": f"host-{place}", "hostname": f"h{place}.example.com", **one}
            for place, one in enumerate(some)
        ),
    ],
    _sometimes(tls=TLS),
    st.lists(
        st.fixed_dictionaries(
            {
                "insecure": st.sampled_from(["Route", "Redirect"]),
                "tls": TLS
                | st.just({"trial": True})
                | st.just({"certManager": {"issuer": "house", "kind": "Issuer"}}),
            }
        ),
        max_size=2,
    ),
)
SIDECAR = _sometimes(
    injection=st.sampled_from(["pod", "namespace"]),
    skipInboundPorts=st.sampled_from([[], [25], [8443, 8877]]),
    requireIdentityOnInboundPorts=st.just([4143]),
)
ADOPT = _sometimes(
    kind=st.sampled_from(["Deployment", "DaemonSet"]),
    workload=NAMES,
    podLabels=st.dictionaries(NAMES, LABELS, max_size=2),
    module=st.sampled_from(["patch", "make"]),
)
AMBASSADOR = _sometimes(
    namespace=LABELS.map(lambda label: f"ns-{label}"),
    name=LABELS.map(lambda label: f"amb-{label}"),
    replicas=st.integers(2, 9),
    highAvailability=st.booleans(),
    linkerdHeaders=st.booleans(),
    service=_sometimes(
        annotations=st.dictionaries(NAMES, st.text(max_size=5), max_size=2),
        sourceRanges=st.lists(NETWORKS, max_size=2),
        externalTrafficPolicy=st.sampled_from(["Local", "Cluster"]),
        nodePorts=_sometimes(gateway=st.just(30143), probe=st.just(30191)),
    ),
    mappings=_named(
        NAMES.map(lambda name: f"map-{name}"),
        prefix=LABELS.map(lambda label: f"/{label}/"),
        service=NAMES,
    ),
    hosts=HOSTS,
    sidecar=SIDECAR,
    values=VALUES,
)
INSTALLED_ONLY = ("replicas", "highAvailability", "values", "edgeStack")
CLUSTER = _sometimes(
    networks=st.lists(NETWORKS, min_size=1, max_size=3),
    uid=st.just(""),
    apiServer=st.fixed_dictionaries({"address": NAMES.map(lambda name: f"https://{name}:6443")}),
    sample=_sometimes(
        image=st.just("example.com/quote:1"), service=LABELS.map(lambda label: f"s-{label}")
    ),
)


@st.composite
def valid_settings(draw: st.DrawFn) -> Settings:
    """Settings of one to four clusters with links between some of them."""
    names = draw(st.lists(LABELS, min_size=1, max_size=4, unique=True))
    old = draw(st.integers(0, 4)) == 4
    clusters = {}
    for place, name in enumerate(names):
        cluster = {"context": f"context-{place}", **draw(CLUSTER)}
        cluster["linkerd"] = draw(LINKERD_2_8 if old else LINKERD)
        if "uid" in cluster:
            cluster["uid"] = f"{place:08d}-0000-4000-8000-000000000000"
        gateway = draw(_sometimes(port=st.integers(5000, 6000), ownService=st.booleans()))
        if old:
            cluster["linkerd"]["version"] = "2.8.1"
            gateway["probe"] = "ambassador"
        ambassador: Settings = {**draw(AMBASSADOR), **draw(FLAVOURS), "gateway": gateway}
        if ambassador.get("flavour") == "ambassador" and ambassador.get("apiVersion") == "v1":
            _without_cleartext(ambassador)
        if draw(st.integers(0, 4)) == 4:
            ambassador["adopt"] = draw(ADOPT)
            ambassador["serviceAccount"] = f"account-{place}"
            gateway.pop("ownService", None)
            for key in INSTALLED_ONLY:
                ambassador.pop(key, None)
        cluster["ambassador"] = ambassador
        clusters[name] = cluster
    settings: Settings = {"clusters": clusters}
    ends = [(one, other) for one in names for other in names if one != other]
    if ends:
        chosen = draw(st.lists(st.sampled_from(ends), max_size=3, unique=True))
        # Where two links have one name, as a-b to c and a to b-c, they are not valid.
        links = {f"{source}-{target}": (source, target) for source, target in chosen}
        if old:
            # Sources of Linkerd 2.8 with one target list the same Services.
            links = {target: (source, target) for source, target in chosen}
        settings["links"] = [draw((_old_link if old else _link)(*pair)) for pair in links.values()]
    settings.update(
        draw(
            _sometimes(
                timeoutSeconds=st.integers(10, 7200),
                protection=_sometimes(crds=st.booleans(), trustAnchor=st.booleans()),
                charts=_sometimes(directory=st.just("charts")),
                trustAnchor=st.just({"anchors": [{"name": "new"}, {"name": "old"}]}),
            )
        )
    )
    return settings


def _without_cleartext(ambassador: Settings) -> None:
    """Legacy Ambassador answers no cleartext where objects of v1 terminate TLS."""
    probed = ambassador["gateway"].get("probe") == "ambassador"
    for host in ambassador.get("hosts", []):
        if probed:
            host.pop("tls", None)
        host["insecure"] = "Redirect" if "tls" in host else "Route"


def _exports(
    source: str, target: str, **more: st.SearchStrategy[Any]
) -> st.SearchStrategy[list[dict[str, Any]]]:
    def routed(export: dict[str, Any]) -> dict[str, Any]:
        if export.get("mapping") is None:
            return export
        name = f"{export['service']}.{target}.{source}"
        return {**export, "mapping": {"name": name, "prefix": f"/{name}/", **export["mapping"]}}

    return st.lists(
        st.fixed_dictionaries(
            {
                # A namespace for each link keeps its mirrors apart from all others.
                "namespace": st.just(f"of-{source}-{target}"[:60].rstrip("-")),
                "service": LABELS,
            },
            optional={
                "port": st.integers(80, 90),
                "mapping": _sometimes(hostname=st.sampled_from(["*", "shop.example.com"])),
                **more,
            },
        ).map(routed),
        max_size=3,
        unique_by=lambda item: item["service"],
    )


def _old_link(source: str, target: str) -> st.SearchStrategy[dict[str, Any]]:
    """A link of Linkerd 2.8."""
    return st.fixed_dictionaries(
        {"source": st.just(source), "target": st.just(target)},
        optional={"exports": _exports(source, target, mode=st.just("gateway"))},
    )


def _link(source: str, target: str) -> st.SearchStrategy[dict[str, Any]]:
    """A link through a gateway, or on a flat network."""
    weights = st.builds(
        lambda local, mirrored: {"local": local, "mirrored": mirrored},
        st.integers(0, 9),
        st.integers(1, 9),
    )
    ends = {"source": st.just(source), "target": st.just(target)}
    fields = {
        "headlessServices": st.booleans(),
        "excludedLabels": st.lists(NAMES, max_size=2),
        "excludedAnnotations": st.lists(NAMES.map(lambda name: f"{name}/x"), max_size=2),
    }
    direct = _exports(
        source, target, weights=weights, mode=st.just("remote-discovery"), federated=st.booleans()
    )
    flat = st.fixed_dictionaries(
        {**ends, "flatNetwork": st.just(True)}, optional={"exports": direct, **fields}
    )
    gateway = st.fixed_dictionaries(
        ends,
        optional={
            "exports": _exports(source, target, weights=weights, mode=st.sampled_from(["gateway"])),
            "selectors": _sometimes(
                remoteDiscovery=st.fixed_dictionaries(
                    {"matchLabels": st.dictionaries(NAMES, LABELS, min_size=1, max_size=2)}
                ),
                federated=st.just(
                    {"matchExpressions": [{"key": "a", "operator": "In", "values": ["b"]}]}
                ),
            ),
            "probe": _sometimes(periodSeconds=st.integers(1, 60)),
            "gateway": st.fixed_dictionaries(
                {"address": st.lists(ADDRESSES, min_size=1, max_size=2)},
                optional={"port": st.integers(7000, 7100), "probePort": st.integers(7200, 7300)},
            ),
            **fields,
        },
    )
    return st.one_of(gateway, gateway, flat)


# Certificates -------------------------------------------------------------------------------


@cache
def ec_key(name: str = "", curve: str = "secp256r1") -> ec.EllipticCurvePrivateKey:
    """An ECDSA key, the same for the same arguments."""
    curves = {"secp256r1": ec.SECP256R1(), "secp384r1": ec.SECP384R1()}
    return ec.generate_private_key(curves[curve])


@cache
def rsa_key(bits: int = 2048) -> rsa.RSAPrivateKey:
    """An RSA key, the same for the same size."""
    return rsa.generate_private_key(65537, bits)


def key_pem(key: PrivateKey, password: bytes | None = None) -> str:
    """A private key as PEM."""
    encryption = BestAvailableEncryption(password) if password else NoEncryption()
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption).decode()


def certificate(
    key: PrivateKey | None = None,
    *,
    names: tuple[str, ...] = ("root.linkerd.cluster.local",),
    authority: bool = True,
    path_length: int | None = None,
    begins: timedelta = timedelta(days=-1),
    ends: timedelta = timedelta(days=3650),
    key_usage: bool | None = True,
    issuer: tuple[str, PrivateKey] | None = None,
) -> str:
    """A certificate as PEM, signed by its own key unless `issuer` (name and key) is given.

    `key_usage` says whether it may sign certificates, or None for no such extension.
    """
    now = datetime.now(UTC)
    made = certified(
        names[0],
        certified(issuer[0], key=issuer[1]) if issuer else None,
        key=key or ec_key(),
        hosts=names,
        authority=authority,
        path_length=path_length,
        begins=now + begins,
        days=(ends - begins) / timedelta(days=1),
        usage=key_usage is not None,
        may_sign=key_usage,
    )
    return made.pem
