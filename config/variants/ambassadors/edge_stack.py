"""Ambassador Edge Stack 3: Emissary-ingress 3 as a sub-chart, with licence, login and limits.

Facts: the chart edge-stack 8.10.2; Edge Stack docs, "Install with Helm".
"""

from config.variants.flavour import CrdsManifest, Flavour, ReleaseLine
from vocabulary.kinds import (
    AUTH_SERVICE,
    DEPLOYMENT,
    INGRESS_CLASS,
    MAPPING,
    MODULE,
    POD_DISRUPTION_BUDGET,
    RATE_LIMIT_SERVICE,
    RBAC,
    SERVICE,
)

FLAVOUR = Flavour(
    name="edge-stack",
    title="Ambassador Edge Stack",
    pod_name="edge-stack",
    emissary_values=("emissary-ingress",),
    licensed=True,
    acme=True,
    lines=(
        ReleaseLine(
            major=8,
            balancer_class=False,
            oldest="8.0.0",
            newest="8.10.2",
            application="3.10.2",
            chart="edge-stack",
            repository="ambassador",
            crds=CrdsManifest(
                "aes-crds",
                "https://app.getambassador.io/yaml/edge-stack/{version}/aes-crds.yaml",
                "emissary-system",
            ),
            # Its CRDs know v1 too, and do not serve it.
            api_versions=("v3alpha1", "v2"),
            kinds=frozenset(
                {
                    *RBAC,
                    AUTH_SERVICE,
                    DEPLOYMENT,
                    INGRESS_CLASS,
                    MAPPING,
                    MODULE,
                    POD_DISRUPTION_BUDGET,
                    RATE_LIMIT_SERVICE,
                    SERVICE,
                }
            ),
            # Its Hosts, Listeners and Mappings are those of Emissary-ingress 3.
            fields="emissary-3",
            converted=frozenset({"v3alpha1", "v2"}),
            # Emissary-ingress 3.5 brought it.
            otlp_since="8.5.0",
        ),
    ),
)
