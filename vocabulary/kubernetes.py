"""Labels, annotations, types of Secrets and fields of Kubernetes, Helm and Pulumi.

Facts: Kubernetes docs, "Well-Known Labels, Annotations and Taints", "Secrets"; Pulumi docs on the
kubernetes provider's annotations.
"""

APP_NAME = "app.kubernetes.io/name"
APP_INSTANCE = "app.kubernetes.io/instance"
APP_COMPONENT = "app.kubernetes.io/component"
MANAGED_BY = "app.kubernetes.io/managed-by"
ZONE = "topology.kubernetes.io/zone"
HOSTNAME = "kubernetes.io/hostname"
NAMESPACE_NAME = "kubernetes.io/metadata.name"
POD_SECURITY_ENFORCE = "pod-security.kubernetes.io/enforce"

SECRET_TLS = "kubernetes.io/tls"
TLS_CERTIFICATE_KEY = "tls.crt"
TLS_PRIVATE_KEY = "tls.key"
TLS_AUTHORITY_KEY = "ca.crt"
"""Keys of Secrets of that type; the last one is cert-manager's and Linkerd's."""
SECRET_DOCKER_CONFIG = "kubernetes.io/dockerconfigjson"
SECRET_SERVICE_ACCOUNT_TOKEN = "kubernetes.io/service-account-token"
SERVICE_ACCOUNT_NAME = "kubernetes.io/service-account.name"
TOKEN_CLAIM = "kubernetes.io"
"""Claim of a ServiceAccount's token with the names of the account and of what it is bound to."""
SECRET_HELM_RELEASE = "helm.sh/release.v1"

HELM_HOOK = "helm.sh/hook"
"""Annotation of an object that Helm makes at a certain moment only."""
HELM_RELEASE_NAME = "meta.helm.sh/release-name"
HELM_RELEASE_NAMESPACE = "meta.helm.sh/release-namespace"
"""Annotations by which Helm knows its objects."""
EXEC_CLUSTER = "client.authentication.k8s.io/exec"
"""Extension of a kubeconfig's cluster that a login plugin is given as its configuration."""
KIBANA_NAME = "kibana.k8s.elastic.co/name"
ELASTIC_TYPE = "common.k8s.elastic.co/type"
"""Label of the pods of a Kibana of ECK."""

PULUMI_PREFIX = "pulumi.com/"
"""What the keys of the engine's annotations begin with."""
SKIP_AWAIT = "pulumi.com/skipAwait"
PATCH_FIELD_MANAGER = "pulumi.com/patchFieldManager"
WAIT_FOR = "pulumi.com/waitFor"

CERT_MANAGER_ISSUER = "cert-manager.io/issuer"
CERT_MANAGER_ISSUER_KIND = "cert-manager.io/issuer-kind"
CERT_MANAGER_ISSUER_GROUP = "cert-manager.io/issuer-group"
CERT_MANAGER_CLUSTER_ISSUER = "cert-manager.io/cluster-issuer"
CERT_MANAGER_ISSUER_KIND = "cert-manager.io/issuer-kind"
CERT_MANAGER_ISSUER_GROUP = "cert-manager.io/issuer-group"
CERT_MANAGER_COMMON_NAME = "cert-manager.io/common-name"

VERIFY_LABEL = "linkerd-ambassador-mesh/verify"
"""Label of everything that a run of `./mesh verify` makes; its value is the run's namespace."""
RESTARTED_AT = "kubectl.kubernetes.io/restartedAt"
"""Annotation of a pod template by which `kubectl rollout restart` replaces the pods."""
POD_TEMPLATE_HASH = "pod-template-hash"
"""Label that a Deployment gives the pods of each of its ReplicaSets."""

SYSTEM_NAMESPACES = ("default", "kube-system", "kube-public", "kube-node-lease")
"""Namespaces that every cluster has from its beginning, so that no stack can make them."""
LONGEST_COMMON_NAME = 64
"""Characters of a certificate's common name (RFC 5280, ub-common-name)."""
