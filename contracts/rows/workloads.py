"""Containers that are written here, or of which something is patched."""

from __future__ import annotations

from functools import partial

from contracts.contract import CURRENT, Complaint, Contract, Subject
from contracts.forms.text import absolute_path, image, integer, one_of, port, quantity, text

_sample = partial(
    Contract,
    subject=Subject.CONTAINER,
    on="Deployment",
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


WORKLOADS: tuple[Contract, ...] = (
    _sample(
        keys=("env.POD_IP",),
        reader="the sample qotm",
        form="the pod's own address, by the downward API",
        source="Ambassador documents, qotm.yaml; Kubernetes docs, Downward API",
        fits=one_of({"name": "POD_IP", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}}),
        fitting=({"name": "POD_IP", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}},),
        refused=(
            {"name": "POD_IP", "value": "status.podIP"},
            {"name": "POD_IP", "valueFrom": {"fieldRef": {"fieldPath": "status.hostIP"}}},
        ),
    ),
    _sample(
        keys=("readinessProbe.httpGet.path",),
        reader="kubelet, by way of the proxy",
        form="a path of the sample with a leading /",
        source="Ambassador documents, qotm.yaml",
        fits=absolute_path,
        fitting=("/health",),
        refused=("health", ""),
    ),
    _sample(
        keys=("readinessProbe.httpGet.port", "ports.containerPort"),
        reader="kubelet and the Service",
        form="the port on which the sample listens",
        source="Ambassador documents, qotm.yaml",
        fits=lambda value: port(value) or one_of(5000)(int(str(value).partition(".")[0])),
        fitting=(5000, 5000.0),
        refused=(8080, 0, "http"),
    ),
    _sample(
        keys=("readinessProbe.initialDelaySeconds", "readinessProbe.periodSeconds"),
        reader="kubelet",
        form="seconds, as a whole number",
        source="Kubernetes API reference, Probe",
        fits=integer(1),
        fitting=(30, 3.0),
        refused=("30s", "3", 0, 0.5),
    ),
    _sample(
        keys=("ports.name",),
        reader="the Service, whose targetPort names it",
        form="http-api",
        source="components/platform/sample_service.py, the Service beside it",
        fits=one_of("http-api"),
        fitting=("http-api",),
        refused=("http_api", "http"),
    ),
    _sample(
        keys=("image",),
        reader="kubelet",
        form="the name of an image, without a scheme",
        source="Kubernetes docs, Images",
        fits=image,
        fitting=("docker.io/datawire/qotm:1.7",),
        refused=("https://docker.io/datawire/qotm:1.7", "", "Qotm"),
    ),
    _sample(
        keys=("resources.limits.cpu", "resources.limits.memory"),
        reader="Kubernetes' scheduler",
        form="a quantity",
        source="Kubernetes docs, Resource Management for Pods",
        fits=quantity,
        fitting=("0.1", "100Mi", "250m"),
        refused=("100MB", "", "0,1"),
    ),
    Contract(
        subject=Subject.CONTAINER,
        on="CronJob",
        keys=("command",),
        producer="config/platform/meshed_workloads.py",
        reader="linkerd-await",
        form="linkerd-await --shutdown -- and the command of the Job",
        source="linkerd-await README; Linkerd docs, Graceful pod shutdown",
        fits=awaited,
        fitting=(["linkerd-await", "--shutdown", "--", "/bin/report", "--all"],),
        refused=(
            ["/bin/report"],
            ["linkerd-await", "--", "/bin/report"],
            ["linkerd-await", "--shutdown", "/bin/report"],
            ["linkerd-await", "/bin/report", "--", "--shutdown"],
            ["linkerd-await", "--shutdown", "--"],
        ),
        generations=frozenset({CURRENT}),
    ),
    Contract(
        subject=Subject.CONTAINER,
        on="StatefulSet",
        keys=("env.*",),
        producer="the stack file, meshed[].env",
        reader="the workload of others",
        form="a name and a text",
        source="Kubernetes API reference, EnvVar",
        fits=lambda value: (
            text(value.get("value")) if isinstance(value, dict) else Complaint("is no variable")
        ),
        fitting=({"name": "LISTEN_ADDRESS", "value": "0.0.0.0"},),
        refused=({"name": "LISTEN_ADDRESS", "value": 1}, {"name": "LISTEN_ADDRESS"}),
        generations=frozenset({CURRENT}),
    ),
)
"""Rows about containers."""
