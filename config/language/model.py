"""The base of all models, and the small models that several of them share."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, ClassVar, Self

from pydantic import BaseModel, ConfigDict, ValidationInfo, model_validator
from pydantic.alias_generators import to_camel

from config.language.formats import (
    UNREADABLE_SECRET,
    Address,
    ChartVersion,
    DnsLabel,
    DnsName,
    DockerConfig,
    HelmValues,
    HostGlob,
    Network,
    Port,
    Quantity,
    Secret,
    UrlPath,
    quantity,
)
from config.language.problems import Problem, all_wrong, quoted, wrong

__all__ = [
    "COLLECTED",
    "UNREADABLE_SECRET",
    "Address",
    "ChartVersion",
    "DnsLabel",
    "DnsName",
    "HelmValues",
    "HostGlob",
    "Model",
    "Network",
    "Port",
    "PullSecret",
    "Quantity",
    "Resources",
    "Secret",
    "UrlPath",
    "doubled",
    "value_at",
    "wrong",
]

COLLECTED = "collected"
"""Key of the validation context of a caller that collects the `inconsistencies` itself."""


def _without_titles(schema: dict[str, Any]) -> None:
    """Remove titles, which repeat the names."""
    schema.pop("title", None)
    for field in schema.get("properties", {}).values():
        field.pop("title", None)


class Model(BaseModel):
    """A frozen piece of a stack file: camelCase keys, unknown keys refused."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        alias_generator=to_camel,
        validate_by_name=True,
        validate_by_alias=True,
        validate_default=True,
        use_attribute_docstrings=True,
        hide_input_in_errors=True,
        strict=False,
        json_schema_extra=_without_titles,
    )
    decided_by: ClassVar[tuple[str, ...]] = ()
    """Keys that decide what others mean: where one is unusable, no inconsistency is reported."""

    def inconsistencies(self) -> Iterator[Problem]:
        """Problems within this piece alone; their paths begin here."""
        return iter(())

    @model_validator(mode="after")
    def _fits_together(self, info: ValidationInfo) -> Self:
        if isinstance(info.context, dict) and info.context.get(COLLECTED):
            return self
        found = list(self.inconsistencies())
        if found:
            raise all_wrong(found)
        return self


def doubled(what: str, items: Iterable[tuple[str, str]]) -> Iterator[Problem]:
    """A problem for each of `items` (key path and name) whose name was listed before."""
    first: dict[str, str] = {}
    for path, name in items:
        if name in first:
            yield Problem(
                path,
                f"duplicate {what} {quoted(name)}",
                f"use each {what} only once",
                about=(first[name],),
            )
        first.setdefault(name, path)


def value_at(values: Mapping[str, Any], path: str) -> Any:
    """The Helm value at a path of keys joined by dots; None if the values have no such path."""
    found: Any = values
    for part in path.split("."):
        found = found.get(part) if isinstance(found, Mapping) else None
    return found


class Resources(Model):
    """Requests and limits of a container."""

    cpu_request: Quantity | None = None
    """CPU that the scheduler reserves, for example ``100m``."""
    cpu_limit: Quantity | None = None
    """CPU that the container may use at most."""
    memory_request: Quantity | None = None
    """Memory that the scheduler reserves, for example ``20Mi``."""
    memory_limit: Quantity | None = None
    """Memory above which the container is killed."""

    def inconsistencies(self) -> Iterator[Problem]:
        """A request above its limit."""
        for kind, request, limit in (
            ("cpu", self.cpu_request, self.cpu_limit),
            ("memory", self.memory_request, self.memory_limit),
        ):
            if request is not None and limit is not None and quantity(request) > quantity(limit):
                yield Problem(
                    f"{kind}Request",
                    f"the request {request} is above {kind}Limit ({limit})",
                    f"write at most {limit}, or raise {kind}Limit",
                    about=(f"{kind}Limit",),
                )


class PullSecret(Model):
    """The login for an image registry."""

    name: DnsName
    """Name of the Secret of type kubernetes.io/dockerconfigjson, in each namespace that uses it."""
    docker_config_json: DockerConfig | None = None
    """Its content; when left out, the Secret has to exist."""
