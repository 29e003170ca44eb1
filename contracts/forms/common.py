"""Forms and producers that several rows share."""

from __future__ import annotations

from contracts.contract import Form
from contracts.forms.text import (
    boolean,
    dns_name,
    host_pattern,
    host_port,
    identity,
    integer,
    label_value,
    networks,
    one_of,
    text,
)

REMOTE_ACCESS = "components/links/remote_access.py, components/links/remote_secrets.py"
"""The files that write what a source reads a target with."""

BOOLEAN = Form("a boolean", boolean, (True, False), ("true", "false", 0, 1, None))
DRAINING = Form(
    "whole seconds, fewer than the 30 after which a pod that was deleted is killed",
    integer(1, 29),
    (10, 5.0),
    ("10s", "10", 0, 30),
)
COUNT = Form("a whole number above 0", integer(1), (2, 1.0), ("2", 0, 0.5))
TEXT = Form("a text", text, ("edge", "always"), (True, 1, 3))
TRUE = Form('"true"', one_of("true"), ("true",), (True, "yes", "1", "enabled"))
FAILURE_POLICY = Form("Fail or Ignore", one_of("Fail", "Ignore"), ("Fail",), ("fail", True))
NAME = Form("a name", dns_name, ("left", "cluster.local"), ("", "Left Cluster", "tracing/tempo"))
LOCAL_NAME = Form(
    "the name of an object in the same namespace",
    dns_name,
    ("web-l5d-header", "ambassador-gateway"),
    ("", "web@kubernetescrd", "Gateway", "ambassador/gateway"),
)
LABEL_VALUE = Form(
    "a label's value", label_value, ("kube-prometheus-stack", "qotm"), (True, "two words")
)
DOMAIN = Form(
    "a domain",
    dns_name,
    ("cluster.local", "trust.example.com"),
    ("", "cluster local", ".local", "cluster.local."),
)
HOST_NAME = Form(
    "a Host name, perhaps with a leading *., or *",
    host_pattern,
    ("*", "*.example.com", "shop.example.com"),
    ("", "https://shop.example.com", "shop.example.com:443"),
)
HOST_PORT = Form(
    "<host>:<port>",
    host_port,
    ("tempo-distributor.tracing:9411", "redis.shared.svc.cluster.local:6379"),
    ("", "tempo-distributor", "http://tempo:9411"),
)
NETWORKS = Form(
    "CIDRs, separated by commas",
    networks,
    ("10.0.0.0/8,fd00::/8",),
    ("", "10.0.0.0/8 fd00::/8", "10.0.0.1/8", ["10.0.0.0/8"]),
)
IDENTITY = Form(
    "the identity of the gateway's proxy",
    identity,
    ("ambassador.ambassador.serviceaccount.identity.linkerd.cluster.local",),
    (
        "",
        "ambassador",
        "ambassador.ambassador.svc.cluster.local",
        "spiffe://cluster.local/ns/ambassador/sa/ambassador",
    ),
)
