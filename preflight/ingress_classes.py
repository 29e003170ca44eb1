"""Whether an adopted Ambassador has an IngressClass that the stack file installs for another one.

Facts: Helm installs no object that belongs to another release, by its annotations
``meta.helm.sh/release-namespace`` and ``-name``; the charts of Emissary and Edge Stack make one
IngressClass, ``ambassador`` by default.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

from kubernetes import client
from kubernetes.client.exceptions import ApiException

from config.preconditions import WantedClass
from kube.failures import Reason
from kube.kubeconfig import Timeout, get_json
from kube.paths import path_of
from vocabulary.kinds import INGRESS_CLASS, annotations_of
from vocabulary.kubernetes import HELM_RELEASE_NAMESPACE


def taken_classes(
    api: client.ApiClient,
    wanted: Iterable[WantedClass],
    adopted: Collection[str],
    timeout: Timeout,
) -> Iterator[Reason]:
    """Why a release would be refused: an IngressClass of a release in the namespaces `adopted`.

    `timeout` is in seconds, to connect and to answer. Raises ApiException where the API server
    fails.
    """
    for item in wanted:
        try:
            found = get_json(api, path_of(INGRESS_CLASS, name=item.name), timeout)
        except ApiException as error:
            if error.status not in (403, 404):
                raise
            continue
        owner = annotations_of(found).get(HELM_RELEASE_NAMESPACE)
        if owner in adopted:
            yield (
                f"IngressClass {item.name} is that of the adopted Ambassador in '{owner}'",
                f"write another name under {item.path}",
            )
