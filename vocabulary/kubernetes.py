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
SECRET_HELM_RELEASE = "helm.sh/release.v1"

HELM_HOOK = "helm.sh/hook"
"""Annotation of an object that Helm makes at a certain moment only."""
HELM_RELEASE_NAME = "meta.helm.sh/release-name"
HELM_RELEASE_NAMESPACE = "meta.helm.sh/release-namespace"
"""Annotations by which Helm knows its objects."""
HELM_POLICY = "helm.sh/resource-policy"
HELM_KEEP = "keep"
"""Annotation, and its value, of an object that Helm leaves when its release no longer has it."""
LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
"""Annotation in which ``kubectl apply`` keeps the whole object, the data of a Secret included."""
ARGO_CD_TRACKING = "argocd.argoproj.io/tracking-id"
FLUX_KUSTOMIZATION = "kustomize.toolkit.fluxcd.io/name"
FLUX_HELM_RELEASE = "helm.toolkit.fluxcd.io/name"
"""Annotation of Argo CD and labels of Flux on the objects that they manage (their docs)."""
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

SYSTEM_NAMESPACES = ("default", "kube-system", "kube-public", "kube-node-lease")
"""Namespaces that every cluster has from its beginning, so that no stack can make them."""
LONGEST_COMMON_NAME = 64
"""Characters of a certificate's common name (RFC 5280, ub-common-name)."""
