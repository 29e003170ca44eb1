"""Ambassador API Gateway 1.14, the last of the legacy generation.

Facts: the chart ambassador 6.9.5; its CRDs and RBAC are of the v1beta1 APIs that Kubernetes 1.22
took away.
"""

from config.variants.flavour import CrdsWithin, Flavour, ReleaseLine
from vocabulary.kinds import CRD, DEPLOYMENT, MODULE, RBAC, SERVICE

FLAVOUR = Flavour(
    name="ambassador",
    title="Ambassador 1.14",
    pod_name="ambassador",
    image_key="ossRepository",
    # Without the paid features and the agent, unless a stack file sets these values.
    values={"enableAES": False, "agent": {"enabled": False}},
    listeners=False,
    lines=(
        ReleaseLine(
            major=6,
            balancer_class=False,
            oldest="6.8.0",
            newest="6.9.5",
            application="1.14.4",
            chart="ambassador",
            repository="ambassador",
            crds=CrdsWithin(),
            api_versions=("v2", "v1"),
            kinds=frozenset({*RBAC, CRD, DEPLOYMENT, MODULE, SERVICE}),
            fields="ambassador-6",
            named_after=(),
            newest_kubernetes=(1, 21),
        ),
    ),
)
