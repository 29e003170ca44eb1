"""The command lines of the processes that make up a local cluster.

Every listener is on 127.0.0.1 and asks for a client certificate or a token; programs that need no
listener (controller manager, scheduler, kwok) open none.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from local_clusters.control_plane.certificates import Pki
from local_clusters.control_plane.networks import Networks
from local_clusters.state import Ports

LOAD_BALANCER = "load-balancer"

START_ORDER = (
    "etcd",
    "kube-apiserver",
    "kube-controller-manager",
    "kube-scheduler",
    "kwok",
    LOAD_BALANCER,
)
"""Every process of a cluster, by the name of its program, in the order of their start."""

CLIENTS = START_ORDER[2:]
"""The processes that talk to the API server by a kubeconfig of their own."""

_STAGES = Path(__file__).with_name("kwok_stages.yaml")


@dataclass(frozen=True)
class Layout:
    """Where the files of one cluster lie."""

    directory: Path

    @property
    def pki(self) -> Pki:
        """The keys and certificates."""
        return Pki(self.directory / "pki")

    @property
    def kubeconfig(self) -> Path:
        """The administrator's kubeconfig."""
        return self.directory / "kubeconfig"

    def client_kubeconfig(self, process: str) -> Path:
        """The kubeconfig of one of `CLIENTS`."""
        return self.directory / "pki" / f"{process}.kubeconfig"

    @property
    def data(self) -> Path:
        """The data of etcd."""
        return self.directory / "etcd"

    @property
    def logs(self) -> Path:
        """The folder of the logs."""
        return self.directory / "logs"

    def log(self, process: str) -> Path:
        """The log of a process, standard output and standard error together."""
        return self.logs / f"{process}.log"

    @property
    def contents(self) -> tuple[Path, ...]:
        """Everything but the state file that the cluster keeps in its directory."""
        return (self.pki.directory, self.kubeconfig, self.data, self.logs, self.scratch)

    @property
    def scratch(self) -> Path:
        """A home and a place for temporary files for processes that insist on one."""
        return self.directory / "scratch"


def environment(layout: Layout) -> dict[str, str]:
    """Return the whole environment of a process.

    The user's own is not handed on: a proxy, a KUBECONFIG or a GODEBUG in it could mislead it.
    """
    return {
        "PATH": "/usr/bin:/bin",
        "HOME": str(layout.scratch),
        "TMPDIR": str(layout.scratch),
        "PYTHONPATH": str(Path(__file__).resolve().parents[2]),
        # Fewer collections of garbage; near its limit, an API server would spend a quarter of its
        # time on them: with the CRDs of a mesh it holds 240 MB.
        "GOGC": "200",
        "GOMEMLIMIT": "500MiB",
    }


def command(
    process: str, layout: Layout, networks: Networks, ports: Ports, programs: Mapping[str, Path]
) -> list[str]:
    """Return the command line of one of `START_ORDER`, the program's absolute path first."""
    if process == LOAD_BALANCER:
        module = "local_clusters.control_plane.load_balancer"
        # -P keeps a folder that happens to be the working directory from shadowing a package.
        program = [sys.executable, "-P", "-m", module]
        flags = {
            "kubeconfig": layout.client_kubeconfig(process),
            "pool": networks.load_balancers,
        }
    else:
        program = [str(programs[process])]
        flags = _FLAGS[process](layout, networks, ports)
    return [*program, *(f"--{name}={value}" for name, value in flags.items())]


def _etcd(layout: Layout, networks: Networks, ports: Ports) -> dict[str, object]:
    pki = layout.pki
    server, ca = pki.pair("etcd"), pki.pair("etcd-ca").certificate
    client_url = f"https://127.0.0.1:{ports.etcd_client}"
    peer_url = f"https://127.0.0.1:{ports.etcd_peer}"
    flags: dict[str, object] = {
        "name": "local",
        "data-dir": layout.data,
        "listen-client-urls": client_url,
        "advertise-client-urls": client_url,
        "listen-peer-urls": peer_url,
        "initial-advertise-peer-urls": peer_url,
        "initial-cluster": f"local={peer_url}",
        # Flushing every write to the disk makes everything several times slower on a laptop, and
        # protects only against a power cut: what is in here can be made again by one command.
        "unsafe-no-fsync": "true",
        "log-level": "warn",
    }
    for prefix in ("", "peer-"):
        flags |= {
            f"{prefix}cert-file": server.certificate,
            f"{prefix}key-file": server.key,
            f"{prefix}trusted-ca-file": ca,
            f"{prefix}client-cert-auth": "true",
        }
    return flags


def _api_server(layout: Layout, networks: Networks, ports: Ports) -> dict[str, object]:
    pki = layout.pki
    return {
        "bind-address": "127.0.0.1",
        "secure-port": ports.api_server,
        "advertise-address": networks.advertised_api_server,
        "etcd-servers": f"https://127.0.0.1:{ports.etcd_client}",
        "etcd-cafile": pki.pair("etcd-ca").certificate,
        "etcd-certfile": pki.pair("etcd-client").certificate,
        "etcd-keyfile": pki.pair("etcd-client").key,
        "tls-cert-file": pki.pair("apiserver").certificate,
        "tls-private-key-file": pki.pair("apiserver").key,
        "client-ca-file": pki.pair("ca").certificate,
        "authorization-mode": "Node,RBAC",
        # The default ones, webhooks among them, and the one that kubeadm adds.
        "enable-admission-plugins": "NodeRestriction",
        # Linkerd's CNI plugin runs privileged, as in any cluster that kubeadm makes.
        "allow-privileged": "true",
        "service-cluster-ip-range": networks.services,
        "service-account-issuer": "https://kubernetes.default.svc.cluster.local",
        "service-account-key-file": pki.service_account_public_key,
        "service-account-signing-key-file": pki.service_account_key,
        "proxy-client-cert-file": pki.pair("front-proxy-client").certificate,
        "proxy-client-key-file": pki.pair("front-proxy-client").key,
        "requestheader-client-ca-file": pki.pair("front-proxy-ca").certificate,
        "requestheader-allowed-names": "front-proxy-client",
        "requestheader-username-headers": "X-Remote-User",
        "requestheader-group-headers": "X-Remote-Group",
        "requestheader-extra-headers-prefix": "X-Remote-Extra-",
        # Deleting a namespace deletes collection after collection; one worker takes seconds.
        "delete-collection-workers": 8,
        "profiling": "false",
    }


def _controller_manager(layout: Layout, networks: Networks, ports: Ports) -> dict[str, object]:
    ca = layout.pki.pair("ca")
    return {
        "kubeconfig": layout.client_kubeconfig("kube-controller-manager"),
        "secure-port": 0,
        "leader-elect": "false",
        "use-service-account-credentials": "true",
        "service-account-private-key-file": layout.pki.service_account_key,
        "root-ca-file": ca.certificate,
        "cluster-signing-cert-file": ca.certificate,
        "cluster-signing-key-file": ca.key,
        "service-cluster-ip-range": networks.services,
        "cluster-cidr": networks.pods,
        # The defaults make a controller manager wait for itself in a cluster that is alone here.
        "kube-api-qps": 300,
        "kube-api-burst": 600,
        "profiling": "false",
    }


def _scheduler(layout: Layout, networks: Networks, ports: Ports) -> dict[str, object]:
    return {
        "kubeconfig": layout.client_kubeconfig("kube-scheduler"),
        "secure-port": 0,
        "leader-elect": "false",
        "kube-api-qps": 300,
        "kube-api-burst": 600,
        "profiling": "false",
    }


def _kwok(layout: Layout, networks: Networks, ports: Ports) -> dict[str, object]:
    return {
        "kubeconfig": layout.client_kubeconfig("kwok"),
        "config": _STAGES,
        "manage-all-nodes": "true",
        "cidr": networks.pods,
        # No listener: there are no containers whose logs it could serve.
        "node-port": 0,
        # Without a lease that is renewed in time nodes turn NotReady and their pods are evicted.
        "node-lease-duration-seconds": 40,
    }


_FLAGS = {
    "etcd": _etcd,
    "kube-apiserver": _api_server,
    "kube-controller-manager": _controller_manager,
    "kube-scheduler": _scheduler,
    "kwok": _kwok,
}
