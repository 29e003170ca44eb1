"""Contradictions within one cluster."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from config.core.namespaces import made_namespaces
from config.language.problems import Problem
from config.platform.sample import SAMPLE_MAPPING
from config.rules.several import key_at
from config.variants.edge_releases import RATE_LIMIT
from config.variants.linkerds import DEFAULT
from vocabulary.kubernetes import LONGEST_COMMON_NAME, SYSTEM_NAMESPACES
from vocabulary.linkerd import POLICY_VALIDATOR

if TYPE_CHECKING:
    from config.core.cluster import ClusterConfig


def cluster_rules(config: ClusterConfig) -> Iterator[Problem]:
    """Namespaces, names of certificates, routes and Helm values that contradict each other."""
    yield from _namespaces(config)
    yield from _certificate_names(config)
    yield from _service_domains(config)
    yield from _generation(config)
    for place, view in enumerate(config.each_ambassador[1:], start=1):
        for problem in (*_service_domains(view), *_generation(view)):
            inner = problem.path.removeprefix("ambassador")
            yield replace(problem, path=f"{key_at(place)}{inner}")
    yield from _sample_route(config)


def _namespaces(config: ClusterConfig) -> Iterator[Problem]:
    # Later links may bring the namespace of the multicluster extension.
    made = made_namespaces(config, linked=True)
    spaces = [(item.key, item.name) for item in made]
    if config.ambassador is not None and not config.ambassador.installed:
        place = sum(item.part.startswith("linkerd") for item in made)
        spaces.insert(place, ("ambassador.namespace", config.ambassador.namespace))
    spaces += [
        (f"{key_at(place)}.namespace", other.namespace)
        for place, other in enumerate(config.other_ambassadors, start=1)
        if not other.installed
    ]
    made_paths = {item.key for item in made}
    taken: dict[str, str] = {}
    for path, space in spaces:
        if space in SYSTEM_NAMESPACES and path in made_paths:
            yield Problem(
                path,
                f"the namespace '{space}' belongs to Kubernetes, and the program needs a new "
                "namespace",
                "write a namespace that does not exist yet",
            )
        elif space and space in taken:
            owner = taken[space]
            # A fixed namespace has no key to change.
            here, there = (path, owner) if path.endswith("amespace") else (owner, path)
            yield Problem(
                here,
                f"the namespace '{space}' is already used for {_user_of_namespace(there)}",
                "write another namespace",
                about=(there,) if there else (),
            )
        taken.setdefault(space, path)


def _certificate_names(config: ClusterConfig) -> Iterator[Problem]:
    space = config.linkerd.namespace
    domain_key = "linkerd.trustDomain" if config.linkerd.trust_domain else "domain"
    issuer = config.issuer_name
    # The longest name among the webhooks of the control plane.
    webhook = f"{POLICY_VALIDATOR}.{space}.svc"
    if len(issuer) > LONGEST_COMMON_NAME:
        shorter = "a shorter trust domain under linkerd.trustDomain"
        yield Problem(
            domain_key,
            f"the issuer's certificate would be named {issuer}, which has {len(issuer)} "
            f"characters; the limit is {LONGEST_COMMON_NAME}",
            f"write {shorter}" + ("" if space == "linkerd" else " or linkerd.namespace"),
            about=("domain", "linkerd.trustDomain", "linkerd.namespace"),
        )
    if len(webhook) > LONGEST_COMMON_NAME:
        excess = len(webhook) - LONGEST_COMMON_NAME
        yield Problem(
            "linkerd.namespace",
            f"a webhook's certificate would be named {webhook}, which has {len(webhook)} "
            f"characters; the limit is {LONGEST_COMMON_NAME}",
            f"write a namespace of at most {len(space) - excess} characters",
        )


def _service_domains(config: ClusterConfig) -> Iterator[Problem]:
    """Routes to Services of another DNS domain than the cluster's."""
    if config.ambassador is None:
        return
    for place, mapping in enumerate(config.ambassador.mappings):
        front, found, domain = mapping.service_host.partition(".svc.")
        if found and domain != config.domain:
            yield Problem(
                f"ambassador.mappings[{place}].service",
                f"the Service's name ends in '{domain}', and this cluster's domain is "
                f"'{config.domain}'",
                f"write {front}.svc.{config.domain}, or correct domain",
                about=("domain",),
            )


def _generation(config: ClusterConfig) -> Iterator[Problem]:
    """Settings of Ambassador that Linkerd's generation does not support."""
    ambassador, generation = config.ambassador, config.linkerd.generation
    if ambassador is None:
        return
    if ambassador.sidecar.mode == "ingress" and not generation.ingress_mode:
        yield Problem(
            "ambassador.sidecar.mode",
            f"{generation.title} has no ingress mode; its proxies always read l5d-dst-override",
            "leave mode out",
            about=("linkerd.version",),
        )
    if ambassador.gateway is None:
        return
    if ambassador.gateway.probe == "proxy" and not generation.probe_by_proxy:
        yield Problem(
            "ambassador.gateway.probe",
            f"other clusters probe a gateway of {generation.title} by mTLS, which the admin "
            "port of its proxy does not accept",
            "write probe: ambassador",
            about=("linkerd.version",),
        )
    given = "admits" in ambassador.gateway.model_fields_set
    if given and ambassador.gateway.admits == "exports" and not generation.policy:
        yield Problem(
            "ambassador.gateway.admits",
            f"{generation.title} has no authorization policy, and its gateway admits every meshed "
            "client to every meshed Service",
            "write admits: everything",
            about=("linkerd.version",),
        )
    if ambassador.gateway.rate_limit is not None and (
        not generation.policy or config.linkerd.lacks(RATE_LIMIT)
    ):
        yield Problem(
            "ambassador.gateway.rateLimit",
            f"Linkerd {config.linkerd.version} does not have {RATE_LIMIT.what}, as since "
            f"{RATE_LIMIT.version}",
            f'leave rateLimit out, or write linkerd.version: "{DEFAULT.newest}"',
            about=("linkerd.version",),
        )
    if ambassador.gateway.address and not generation.links:
        yield Problem(
            "ambassador.gateway.address",
            f"service mirrors of {generation.title} read a gateway's address only from its Service",
            "leave it out, and write service.type: LoadBalancer",
            about=("linkerd.version",),
        )


def _sample_route(config: ClusterConfig) -> Iterator[Problem]:
    """A sample's Mapping that no Ambassador serves, or that conflicts with another route."""
    sample, ambassador = config.sample, config.ambassador
    if sample is None:
        return
    if "prefix" in sample.model_fields_set and not sample.mapping:
        yield Problem(
            "sample.prefix",
            "mapping: false makes no Mapping that could have this prefix",
            "leave prefix or mapping out",
            about=("sample.mapping",),
        )
    if ambassador is None:
        for key in ("mapping", "prefix"):
            if sample.mapping and key in sample.model_fields_set:
                yield Problem(
                    f"sample.{key}",
                    "this cluster has no Ambassador to route to the sample",
                    "write ambassador: {}, or leave it out",
                    about=("ambassador",),
                )
        return
    if not sample.mapping:
        return
    empty = ambassador.serves_nothing
    # With other Mappings, `served_rules` reports it.
    if empty is not None and not ambassador.mappings:
        yield Problem(
            f"ambassador.{empty}",
            "without an entry here, Ambassador does not serve the sample's Mapping",
            f"add one, leave {empty} out to have the default, or write sample.mapping: false",
            about=("sample.mapping",),
        )
    for place, mapping in enumerate(ambassador.mappings):
        if mapping.name == SAMPLE_MAPPING:
            yield Problem(
                f"ambassador.mappings[{place}].name",
                f"the sample's Mapping has the same name '{SAMPLE_MAPPING}'",
                "write another name, or sample.mapping: false",
                about=("sample.mapping",),
            )
        if mapping.route == ("*", sample.prefix, ""):
            yield Problem(
                "sample.prefix",
                f"ambassador.mappings[{place}] already routes {sample.prefix}",
                "write another prefix, or sample.mapping: false",
                about=(f"ambassador.mappings[{place}].prefix", "sample.mapping"),
            )
    if ambassador.gateway is not None and ambassador.gateway.health_path == sample.prefix:
        yield Problem(
            "sample.prefix",
            f"the gateway's health route has the same prefix {sample.prefix}",
            "write another prefix, or another ambassador.gateway.healthPath",
            about=("ambassador.gateway.healthPath",),
        )


def _user_of_namespace(path: str) -> str:
    return {
        "": "the multicluster extension",
        "ambassador.flavour": "Ambassador's CRDs",
        "linkerd.cni": "the CNI plugin",
        "linkerd.viz.enabled": "the viz extension",
        "linkerd.tracing": "the Jaeger extension",
        "linkerd.egress": "EgressNetworks",
    }.get(path, path)
