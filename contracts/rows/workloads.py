"""Containers that are written here, or of which something is patched."""

from __future__ import annotations

from functools import partial

from contracts.contract import EDGE, Complaint, Contract, Form, Subject
from contracts.forms.common import DRAINING
from contracts.forms.text import absolute_path, at, image, integer, one_of, port, quantity, text

_sample = partial(
    Contract,
    "Deployment",
    subject=Subject.CONTAINER,
    producer="components/platform/sample_service.py",
)


def awaited(value: object) -> Complaint | None:
    """The command of linkerd-await: its own flags, two dashes, and what it runs."""
    words = value if isinstance(value, list) else []
    if not words or words[0].rpartition("/")[2] != "linkerd-await":
        return Complaint("does not begin with linkerd-await")
    if "--" not in words:
        return Complaint("has no -- before the command that is run")
    if "--shutdown" not in words[: words.index("--")]:
        return Complaint("does not ask for --shutdown, and the proxy would run on")
    if words.index("--") == len(words) - 1:
        return Complaint("runs no command")
    return None


# fmt: off
WORKLOADS: tuple[Contract, ...] = (
    _sample("env.POD_IP",
        Form("the pod's own address, by the downward API",
            one_of({"name": "POD_IP", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}}),
            ({"name": "POD_IP", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}},),
            ({"name": "POD_IP", "value": "status.podIP"},
                {"name": "POD_IP", "valueFrom": {"fieldRef": {"fieldPath": "status.hostIP"}}})),
        "the sample qotm", source="Ambassador documents, qotm.yaml; Kubernetes docs, Downward API"),
    _sample("readinessProbe.httpGet.path",
        Form("a path of the sample with a leading /", absolute_path, ("/health",), ("health", "")),
        "kubelet, by way of the proxy", source="Ambassador documents, qotm.yaml"),
    _sample("readinessProbe.httpGet.port ports.containerPort",
        Form("the port on which the sample listens",
            lambda value: port(value) or one_of(5000)(int(str(value).partition(".")[0])),
            (5000, 5000.0), (8080, 0, "http")),
        "kubelet and the Service", source="Ambassador documents, qotm.yaml"),
    _sample("readinessProbe.initialDelaySeconds readinessProbe.periodSeconds",
        Form("seconds, as a whole number", integer(1), (30, 3.0), ("30s", "3", 0, 0.5)),
        "kubelet", source="Kubernetes API reference, Probe"),
    _sample("lifecycle.preStop.sleep.seconds", DRAINING, "kubelet",
        source="Kubernetes docs, Container Lifecycle Hooks"),
    _sample("ports.name",
        Form("http-api", one_of("http-api"), ("http-api",), ("http_api", "http")),
        "the Service, whose targetPort names it",
        source="components/platform/sample_service.py, the Service beside it"),
    _sample("image",
        Form("the name of an image, without a scheme", image, ("docker.io/datawire/qotm:1.7",),
            ("https://docker.io/datawire/qotm:1.7", "", "Qotm")),
        "kubelet", source="Kubernetes docs, Images"),
    _sample("resources.limits.cpu resources.limits.memory",
        Form("a quantity", quantity, ("0.1", "100Mi", "250m"), ("100MB", "", "0,1")),
        "Kubernetes' scheduler", source="Kubernetes docs, Resource Management for Pods"),
    Contract("CronJob", "command",
        Form("linkerd-await --shutdown -- and the command of the Job", awaited,
            (["linkerd-await", "--shutdown", "--", "/bin/report", "--all"],),
            (["/bin/report"], ["linkerd-await", "--", "/bin/report"],
                ["linkerd-await", "--shutdown", "/bin/report"],
                ["linkerd-await", "/bin/report", "--", "--shutdown"],
                ["linkerd-await", "--shutdown", "--"])),
        "linkerd-await", subject=Subject.CONTAINER, producer="config/platform/meshed_workloads.py",
        source="linkerd-await README; Linkerd docs, Graceful pod shutdown", generations=EDGE),
    Contract("StatefulSet", "env.*",
        Form("a name and a text",
            lambda value: text(at(value, "value")),
            ({"name": "LISTEN_ADDRESS", "value": "0.0.0.0"},),
            ({"name": "LISTEN_ADDRESS", "value": 1}, {"name": "LISTEN_ADDRESS"})),
        "the workload of others", subject=Subject.CONTAINER,
        producer="the stack file, meshed[].env", source="Kubernetes API reference, EnvVar",
        generations=EDGE),
)
# fmt: on
"""Rows about containers."""
