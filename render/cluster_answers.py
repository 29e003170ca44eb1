"""What clusters answer where the program reads from them: tokens and Services."""

from __future__ import annotations

import base64
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any

from render.placeholders import UNKNOWN
from vocabulary.kubernetes import TLS_AUTHORITY_KEY


class ClusterAnswers(ABC):
    """Answers of clusters; called from several threads at once."""

    @abstractmethod
    def token(self, cluster: str, namespace: str, name: str) -> Mapping[str, str]:
        """Data of a Secret of type kubernetes.io/service-account-token, values in base64.

        Keys are ``token``, ``ca.crt`` and ``namespace`` (Kubernetes docs, "ServiceAccount token
        Secrets").
        """

    @abstractmethod
    def service(self, cluster: str, namespace: str, name: str) -> Mapping[str, Any]:
        """Status of a Service, for example ``{"loadBalancer": {"ingress": [{"ip": "…"}]}}``."""

    @staticmethod
    def placeholders() -> ClusterAnswers:
        """Answers without clusters; each is a placeholder."""
        return _Placeholders()


class _Placeholders(ClusterAnswers):
    def token(self, cluster: str, namespace: str, name: str) -> Mapping[str, str]:
        values = {"token": UNKNOWN, TLS_AUTHORITY_KEY: UNKNOWN, "namespace": namespace}
        return {key: base64.b64encode(text.encode()).decode() for key, text in values.items()}

    def service(self, cluster: str, namespace: str, name: str) -> Mapping[str, Any]:
        # Names below .invalid never resolve (RFC 2606).
        return {"loadBalancer": {"ingress": [{"hostname": f"{name}.{cluster}.{UNKNOWN}.invalid"}]}}
