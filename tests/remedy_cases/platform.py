"""Meshed workloads, jobs, Ingresses."""

from __future__ import annotations

from tests.remedy_cases.builders import Wrong, one
from tests.remedy_cases.common import INGRESS

WEB = {"kind": "Deployment", "namespace": "shop", "name": "web"}
LABELLED = {**WEB, "podLabels": {"app": "web"}}
OPEN = {**LABELLED, "publicPorts": [8080]}
JOB = {"namespace": "shop", "name": "nightly"}
WRAPPED = {**JOB, "treatment": "await", "container": "run", "command": ["run"]}
ORDINARY = {"values": {"proxy": {"nativeSidecar": False}}}
TRAEFIK = {**INGRESS, "controller": "traefik-ingressroute"}

WRONG: Wrong = [
    (
        "certificate of an IngressRoute",
        one(ingresses=[{**TRAEFIK, "tls": {"certManager": {"issuer": "i"}}}]),
    ),
    ("class of an IngressRoute", one(ingresses=[{**TRAEFIK, "className": "t"}])),
    (
        "passwords elsewhere",
        one(ingresses=[{**TRAEFIK, "basicAuth": {"secret": "s", "namespace": "t"}}]),
    ),
    ("recipe with a kind", one(meshed=[{"recipe": "velero", "kind": "Deployment"}])),
    ("nothing to mesh", one(meshed=[{}])),
    ("no namespace", one(meshed=[{"kind": "Deployment", "name": "web"}])),
    ("namespace in one", one(meshed=[{"kind": "Namespace", "name": "s", "namespace": "s"}])),
    ("container without env", one(meshed=[{**WEB, "container": "web"}])),
    (
        "env of a Namespace",
        one(meshed=[{"kind": "Namespace", "name": "s", "container": "c", "env": {"A": "b"}}]),
    ),
    ("await of nothing", one(linkerd=ORDINARY, jobs=[{**JOB, "treatment": "await"}])),
    ("opt-out of a command", one(linkerd=ORDINARY, jobs=[{**JOB, "container": "run"}])),
    ("meshed twice", one(meshed=[WEB, WEB])),
    (
        "adopted and meshed",
        one(
            ambassador={"adopt": {}},
            meshed=[{"kind": "Deployment", "namespace": "ambassador", "name": "ambassador"}],
        ),
    ),
    ("meshed of the program", one(meshed=[{**WEB, "namespace": "linkerd"}])),
    ("skipped namespace", one(meshed=[{**WEB, "namespace": "kube-system"}])),
    ("job of native sidecars", one(jobs=[JOB])),
    ("await of 2.8", one(linkerd={"version": "2.8.1"}, jobs=[WRAPPED])),
    (
        "two Ingresses of one name",
        one(
            ingresses=[
                {**INGRESS, "controller": "traefik"},
                {**INGRESS, "controller": "traefik", "host": "b.example.com"},
            ]
        ),
    ),
    (
        "two Ingresses of one host",
        one(
            ingresses=[
                {**INGRESS, "controller": "traefik"},
                {**INGRESS, "controller": "traefik", "name": "b"},
            ]
        ),
    ),
    (
        "balancing that is not native",
        one(ingresses=[{**INGRESS, "controller": "ingress-nginx", "nativeLoadBalancing": True}]),
    ),
    ("ports without labels", one(meshed=[{**WEB, "publicPorts": [8080]}])),
    ("labels without ports", one(meshed=[LABELLED])),
    ("ports that are open already", one(meshed=[OPEN, {**OPEN, "kind": "StatefulSet"}])),
]
