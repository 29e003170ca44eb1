"""Known causes of pods that are not ready, and their remedies: a table of what programs write.

The first row that fits is the cause. Each names the source of its text.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from checks.facts.results import UPDATE
from vocabulary.linkerd import (
    INIT_CONTAINER,
    NETWORK_VALIDATOR_CONTAINER,
    PROXY_CONTAINER,
    TRUST_ROOTS,
)

_RESTART = "`kubectl -n {namespace} rollout restart {workload}`"


@dataclass(frozen=True)
class Cause:
    """Why a pod is not ready, recognized by what a container or Kubernetes writes."""

    pattern: str
    """Regular expression for a line of a log, a message or a reason."""
    text: str
    """The cause, as the end of a sentence."""
    remedy: str
    """What to do; ``{namespace}``, ``{pod}``, ``{node}`` and ``{workload}`` are filled in."""
    source: str
    """Where the words of `pattern` are written."""
    container: str = ".*"
    """Regular expression for the container that writes it; Kubernetes is the empty name."""
    consequence: bool = False
    """Whether something else that is not ready is the cause of it."""


CAUSES: tuple[Cause, ...] = (
    Cause(
        r"could not load private key|too many private keys",
        "the key in Secret linkerd-policy-validator-k8s-tls is in a form that the policy "
        "controller does not read: it reads PKCS#8 and PKCS#1 only",
        f"{UPDATE}, which writes it as PKCS#8",
        "kubert 0.27.0, server/tls_rustls.rs, load_private_key",
        "policy",
    ),
    Cause(
        r"failed to (?:read TLS (?:key|certificates)|load TLS credentials)",
        "the policy controller cannot use the certificate or key in Secret "
        "linkerd-policy-validator-k8s-tls",
        UPDATE,
        "kubert 0.27.0, server.rs, Error",
        "policy",
    ),
    Cause(
        r"failed to verify issuer credentials.*(?:has expired|is not yet valid)",
        "the issuer certificate in Secret linkerd-identity-issuer has expired, or is not valid yet",
        f"{UPDATE}, which renews it",
        "linkerd2 edge-26.8.3, pkg/identity/service.go, loadCredentials; Go, crypto/x509",
    ),
    Cause(
        r"failed to verify issuer credentials.*"
        r"(?:signed by unknown authority|certificate is not authorized|cannot be used)",
        "the issuer certificate in Secret linkerd-identity-issuer is not signed by any of the "
        f"trust anchors in ConfigMap {TRUST_ROOTS}",
        f"{UPDATE}, so that anchors and issuer come from the same stack",
        "linkerd2 edge-26.8.3, pkg/identity/service.go, loadCredentials; Go, crypto/x509",
    ),
    Cause(
        r"must be an intermediate-CA, but it is not",
        "the certificate in Secret linkerd-identity-issuer is no CA",
        UPDATE,
        "linkerd2 edge-26.8.3, pkg/identity/service.go, loadCredentials",
    ),
    Cause(
        r"unsupported block type|unsupported PKCS#8 encoded private key",
        "a private key is in a form that this program does not read",
        UPDATE,
        "linkerd2 edge-26.8.3, pkg/tls/codec.go, DecodePEMKey",
    ),
    Cause(
        r"tls: (?:Public and )?private key do(?:es)? not match",
        "a private key does not belong to its certificate",
        UPDATE,
        "linkerd2 edge-26.8.3, pkg/tls/cred.go; Go, crypto/tls, X509KeyPair",
    ),
    Cause(
        r"Failed to read trust anchors|could not read identity trust anchors",
        f"ConfigMap {TRUST_ROOTS} has no readable certificate",
        UPDATE,
        "linkerd2 edge-26.8.3, controller/cmd/identity/main.go",
    ),
    Cause(
        r"invalid peer certificate: (?:BadSignature|UnknownIssuer)|BadSignature|UnknownIssuer",
        "the proxy has other trust roots than the control plane: its pod started before the "
        "anchors were changed",
        f"restart it: {_RESTART}",
        "rustls 0.23, error.rs, CertificateError",
        PROXY_CONTAINER,
    ),
    Cause(
        r"invalid peer certificate: .*(?:[Ee]xpired|not valid yet|NotValidYet)",
        "a certificate of the control plane has expired, or is not valid yet",
        f"{UPDATE}; see the lines about certificates",
        "rustls 0.23, error.rs, CertificateError",
        PROXY_CONTAINER,
    ),
    Cause(
        r"unauthorized (?:connection|request) on",
        "an inbound policy of the pod that it connects to refuses this client",
        "see the lines about policies, and the Servers and AuthorizationPolicies of that namespace",
        "linkerd2-proxy, app/inbound/src/policy.rs, ServerUnauthorized; policy/http.rs",
    ),
    Cause(
        r"Failed to obtain identity|Waiting for identity to be initialized",
        "the identity controller does not give the proxy a certificate",
        "see the pods and the log of deployment/linkerd-identity, and the lines about certificates",
        "linkerd2-proxy, proxy/identity-client/src/certify.rs; app/src/lib.rs",
        PROXY_CONTAINER,
        consequence=True,
    ),
    Cause(
        r"linkerd-proxy failed to become ready within",
        "the pod's proxy did not become ready, mostly because it got no certificate",
        "see `kubectl -n {namespace} logs {pod} -c linkerd-proxy`",
        "linkerd-await, src/main.rs",
        consequence=True,
    ),
    Cause(
        r"Failed to validate networking configuration|expected client to receive",
        "connections of the pod bypass its proxy: neither linkerd-init nor the CNI "
        "plugin has written the iptables rules",
        "check that the pods of daemonset/linkerd-cni run on this node and that its plugin is "
        "in the node's CNI configuration; then delete the pod",
        "linkerd2-proxy-init, validator/src/main.rs",
        NETWORK_VALIDATOR_CONTAINER,
    ),
    Cause(
        r"iptables.*(?:Permission denied|can't initialize|exit status)|"
        r"(?:Permission denied|can't initialize).*iptables",
        "linkerd-init may not write iptables rules, or the node has the other kind of iptables",
        "write clusters.<name>.linkerd.cni: true, or proxyInit.iptablesMode under linkerd.values",
        "linkerd2-proxy-init, proxy-init/iptables; iptables(8)",
        INIT_CONTAINER,
    ),
    Cause(
        r"asked for the client to provide credentials|\bUnauthorized\b",
        "the target's API server does not accept the token in the credentials Secret: it was "
        "revoked, or the target cluster was recreated",
        UPDATE,
        "client-go, apimachinery api/errors, NewUnauthorized; linkerd2#4925",
        "controller|service-mirror",
    ),
    Cause(
        r"Failed to load remote cluster credentials|failed to load credentials secret",
        "the Secret with the credentials of the target is missing or cannot be read",
        UPDATE,
        "linkerd2 edge-26.8.3, multicluster/cmd/service-mirror/main.go",
    ),
    Cause(
        r"conversion webhook for .*getambassador.* failed|no endpoints.*emissary-apiext",
        "the server that converts Ambassador's kinds (emissary-apiext) does not answer",
        "see the pods of deployment/emissary-apiext, and restart them",
        "Kubernetes, apiextensions-apiserver, conversion/webhook_converter.go",
    ),
    Cause(
        r"failed calling webhook.*x509:",
        "the API server does not accept the certificate of the webhook that this message names",
        f"{UPDATE}; see the lines about webhooks",
        "Kubernetes, apiserver, util/webhook/error.go; Go, crypto/x509",
    ),
    Cause(
        r"failed calling webhook",
        "the webhook that this message names does not answer, so that no pod can be created",
        "see the pods that serve it",
        "Kubernetes, apiserver, util/webhook/error.go",
        consequence=True,
    ),
    Cause(
        r"(?i)(?:secret|configmap) \"?[\w./-]+\"? not found|"
        r"references non-existent (?:secret|config)",
        "a Secret or ConfigMap that the pod mounts or reads does not exist",
        f"{UPDATE}, or create it if it is not this stack's",
        "Kubernetes, kubelet, volume/secret and volume/configmap",
        "",
    ),
    Cause(
        r"exceeded quota",
        "a ResourceQuota of the namespace does not leave room for the pod",
        "raise it, or ask for less under the workload's resources",
        "Kubernetes, apiserver, plugin/resourcequota",
        "",
    ),
    Cause(
        r"violates PodSecurity",
        "the namespace's Pod Security level does not allow the pod; linkerd-init needs NET_ADMIN",
        "label the namespace pod-security.kubernetes.io/enforce: privileged, or write "
        "clusters.<name>.linkerd.cni: true",
        "Kubernetes, pod-security-admission",
        "",
    ),
    Cause(
        r"Insufficient (?:cpu|memory)|nodes are available|Unschedulable",
        "no node can run the pod",
        "give the cluster nodes with room, or ask for less; see `./mesh check --pre` for nodes",
        "Kubernetes, kube-scheduler",
        "",
    ),
    Cause(
        r"NodeStatusUnknown",
        "the kubelet of its node does not report: the node is down, or does not reach the API "
        "server",
        "`kubectl describe node {node}`; start it again, or delete it, so that its pods start on "
        "others",
        "Kubernetes, controller/nodelifecycle",
        "",
    ),
    Cause(
        r"KubeletNotReady",
        "its node runs no pods now",
        "`kubectl describe node {node}` has the reason",
        "Kubernetes, kubelet, nodestatus/setters.go",
        "",
    ),
    Cause(
        r"ImagePullBackOff|ErrImagePull|InvalidImageName|ErrImageNeverPull|Failed to pull image",
        "the image cannot be pulled",
        "check that the nodes reach the registry, and check the image's name and the pull secrets",
        "Kubernetes, kubelet, images/types.go",
        "",
    ),
    Cause(
        r"OOMKilled",
        "it needs more memory than its limit",
        "raise the limit under the workload's resources",
        "Kubernetes, kubelet, container reason OOMKilled",
        "",
    ),
)


def cause_of(lines: Iterable[tuple[str, str]]) -> Cause | None:
    """The first known cause that matches these texts.

    `lines` are pairs of a container's name and a text: a line of its log, or with the empty name
    what Kubernetes writes about the pod.
    """
    listed = list(lines)
    for cause in CAUSES:
        for container, text in listed:
            if re.fullmatch(cause.container, container) and re.search(cause.pattern, text):
                return cause
    return None
