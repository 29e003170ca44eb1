"""Ambassador's own objects: one description, and one translator per API version."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from components.ambassador.objects import v1, v2, v3alpha1
from components.ambassador.objects.routing import Routing, routing
from components.ambassador.objects.shapes import Manifest
from config.ambassador.ambassador import AmbassadorConfig
from config.ambassador.routes import HostConfig, MappingConfig
from config.variants.ambassadors import ApiVersion
from vocabulary.ambassador import ID_FIELD

__all__ = ["TRANSLATORS", "Manifest", "Routing", "ambassador_objects", "routing"]

TRANSLATORS: Mapping[ApiVersion, Callable[[Routing], Iterator[Manifest]]] = {
    "v3alpha1": v3alpha1.translate,
    "v2": v2.translate,
    "v1": v1.translate,
}
"""By version of getambassador.io."""


def ambassador_objects(
    config: AmbassadorConfig,
    more: Sequence[MappingConfig] = (),
    hosts: Sequence[HostConfig] = (),
) -> Iterator[Manifest]:
    """Manifests of all that an Ambassador serves, in the API version of its settings.

    `more` and `hosts` are routes and Hosts that other parts of the stack file add.
    """
    for found in TRANSLATORS[config.objects_version](routing(config, more, hosts)):
        if config.ambassador_id is not None:
            # v3alpha1 accepts only a list.
            found["spec"] = {ID_FIELD: [config.ambassador_id], **found["spec"]}
        yield found
