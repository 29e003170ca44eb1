"""How a cluster is reached: kubeconfig, login, API client, and why it does not answer."""

from kube.errors import KubeconfigError
from kube.kubeconfig import Endpoint, Login, api_client, endpoint

__all__ = ["Endpoint", "KubeconfigError", "Login", "api_client", "endpoint"]
