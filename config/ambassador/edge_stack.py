"""What only an Ambassador Edge Stack has. Facts: the chart edge-stack 8.10.2."""

from __future__ import annotations

from collections.abc import Iterator

from config.language.formats import DnsName, Flag, HostAndPort, Token
from config.language.model import Model
from config.language.problems import Problem


class EdgeStackConfig(Model):
    """Licence and services of an Edge Stack."""

    license_key: Token | None = None
    """The licence, as a secret; it becomes a Secret, never a Helm value."""
    license_secret: DnsName | None = None
    """Name of a Secret that holds the licence already, under the key ``license-key``."""
    cloud_connect_token: Token | None = None
    """A token of Ambassador Cloud in place of a licence; it becomes a Secret, and the agent that
    uses it is installed."""
    auth_service: Flag = True
    """Whether the Edge Stack's own AuthService is made."""
    auth_service_linkerd_headers: Flag = False
    """Whether the AuthService has ``add_linkerd_headers``, which is its own setting, apart from the
    Module's. It acts on an AuthService that speaks HTTP; the Edge Stack's own speaks gRPC within
    the pod, and is not changed by it."""
    rate_limit: Flag = True
    """Whether the Edge Stack's own RateLimitService is made."""
    dev_portal: Flag = False
    """Whether routes to the developer portal are made."""
    redis_url: HostAndPort | None = None
    """``host:port`` of a Redis of your own; the chart's by default."""

    @property
    def licensed(self) -> bool:
        """Whether there is a licence, and not only a token."""
        return self.license_key is not None or self.license_secret is not None

    def secrets(self, release: str) -> list[str]:
        """Names of the Secrets that are made of licence and token, for the release of this name.

        The agent looks for the token's by this name (chart edge-stack 8.10.2).
        """
        found = [f"{release}-license"] if self.license_key is not None else []
        token = [f"{release}-agent-cloud-token"] if self.cloud_connect_token is not None else []
        return [*found, *token]

    def inconsistencies(self) -> Iterator[Problem]:
        """No licence, or two licences."""
        keys = ("licenseKey", "licenseSecret", "cloudConnectToken")
        if not self.licensed and self.cloud_connect_token is None:
            yield Problem(
                "",
                "Edge Stack needs a licence or a token",
                "set licenseKey or cloudConnectToken with `pulumi config set --secret --path`, or "
                "name an existing Secret under licenseSecret",
                about=keys,
            )
        if self.license_key is not None and self.license_secret is not None:
            yield Problem(
                "licenseSecret",
                "licenseKey and licenseSecret are both set",
                "leave licenseKey or licenseSecret out",
                about=("licenseKey",),
            )
