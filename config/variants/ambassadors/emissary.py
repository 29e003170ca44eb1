"""Emissary-ingress 4 and 3.

Facts: the charts emissary-crds-chart 4.1.0 and emissary-ingress 4.1.0 and 3.10.0; Emissary docs,
"Installation with Helm".
"""

from config.variants.flavour import CrdsChart, Flavour, ReleaseLine
from vocabulary.kinds import DEPLOYMENT, INGRESS_CLASS, MODULE, POD_DISRUPTION_BUDGET, RBAC, SERVICE

_KINDS = frozenset({*RBAC, DEPLOYMENT, INGRESS_CLASS, MODULE, POD_DISRUPTION_BUDGET, SERVICE})
_V4_CRDS = CrdsChart(
    "emissary-crds-chart",
    {
        "v3alpha1": {"enableLegacyVersions": False},
        "v2": {"enableLegacyVersions": True},
        "v1": {"enableLegacyVersions": True, "enableV1": True},
    },
)

FLAVOUR = Flavour(
    name="emissary",
    title="Emissary-ingress",
    pod_name="emissary-ingress",
    lines=(
        ReleaseLine(
            major=4,
            oldest="4.0.0",
            newest="4.1.0",
            application="4.1.0",
            chart="emissary-ingress",
            repository="emissary",
            crds=_V4_CRDS,
            api_versions=("v3alpha1", "v2", "v1"),
            kinds=_KINDS,
            fields="emissary-4",
            otlp_since="4.0.0",
            oldest_kubernetes=(1, 25),
            converted=frozenset({"v2", "v1"}),
            named_after=("ambassador", "emissary"),
        ),
        ReleaseLine(
            major=3,
            balancer_class=False,
            # Before it, the chart had the number 8.9.1, and another repository.
            oldest="3.10.0",
            newest="3.10.0",
            application="3.10.0",
            chart="emissary-ingress",
            repository="emissary",
            crds=CrdsChart(
                "emissary-crds-chart",
                # Version 3 stores v2 whatever is asked, so that every object is converted.
                {"v3alpha1": {}, "v2": {}, "v1": {}},
            ),
            api_versions=("v3alpha1", "v2", "v1"),
            kinds=_KINDS,
            fields="emissary-3",
            otlp_since="3.5.0",
            oldest_kubernetes=(1, 25),
            converted=frozenset({"v3alpha1", "v2", "v1"}),
        ),
    ),
)
