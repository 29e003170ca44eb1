"""Keys and certificates of a recording: made once, for a program that runs without an engine."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from config.language.model import UNREADABLE_SECRET
from render.placeholders import UNSIGNED
from tls_provider.certificates import Properties, make


class TlsProvider:
    """Outputs of the resources of pulumi-tls.

    The same resource with the same inputs is made once, so two recordings that share a provider
    have the same keys and certificates. `now` returns the current time, with a time zone.
    """

    def __init__(self, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._now = now
        self._made: dict[str, dict[str, Any]] = {}
        self._lock = threading.Lock()

    def make(self, token: str, name: str, inputs: Properties) -> dict[str, Any]:
        """Outputs of the resource `name` of type `token`, by their names in the schema.

        A certificate to be signed with an encrypted or a lost key is a placeholder. Raises
        UnsupportedCertificateError for a type or an input that is not supported.
        """
        if str(inputs.get("caPrivateKeyPem", "none")).strip() in ("", UNREADABLE_SECRET):
            return {**inputs, "certPem": UNSIGNED}
        key = json.dumps([token, name, inputs], sort_keys=True)
        with self._lock:
            if key not in self._made:
                self._made[key] = make(token.rpartition(":")[2], inputs, self._now())
            return dict(self._made[key])
