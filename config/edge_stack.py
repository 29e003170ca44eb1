"""What only an Ambassador Edge Stack has. Facts: the chart edge-stack 8.10.2."""

from __future__ import annotations

from collections.abc import Iterator

from config.base import Model
from config.formats import DnsName, Flag, Line, Secret
from config.problems import Problem


class EdgeStackConfig(Model):
    """Licence and services of an Edge Stack."""

    license_key: Secret | None = None
    """The licence, as a secret; it becomes a Secret, never a Helm value."""
    license_secret: DnsName | None = None
    """Name of a Secret that holds the licence already, under the key ``license-key``."""
    auth_service: Flag = True
    """Whether the Edge Stack's own AuthService is made."""
    auth_service_linkerd_headers: Flag = False
    """Whether calls to the AuthService carry ``l5d-dst-override``. It is its own setting, apart
    from the Module's: where both differ, Linkerd sends calls for authentication elsewhere."""
    rate_limit: Flag = True
    """Whether the Edge Stack's own RateLimitService is made."""
    dev_portal: Flag = False
    """Whether routes to the developer portal are made."""
    redis_url: Line | None = None
    """``host:port`` of a Redis of your own; the chart's by default."""

    def inconsistencies(self) -> Iterator[Problem]:
        """No licence, or two."""
        if (self.license_key is None) == (self.license_secret is None):
            yield Problem(
                "",
                "an Edge Stack starts only with a licence, and "
                + ("none is given" if self.license_key is None else "two are given"),
                "set licenseKey with `pulumi config set --secret --path`, or name an existing "
                "Secret under licenseSecret",
                about=("licenseKey", "licenseSecret"),
            )
