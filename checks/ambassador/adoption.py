"""An adopted Ambassador: its labels and its gateway Service fit its owner's workload."""

from __future__ import annotations

from collections.abc import Iterator

from checks.ambassador.ambassador import absent, kind_of, pods, workload_of
from checks.facts.case import ClusterCase
from checks.facts.check import Check, Phase
from checks.facts.objects import template_of
from checks.facts.results import UPDATE, Finding, failure, ok, skipped, warning
from checks.facts.view import View
from config.ambassador.ambassador import AmbassadorConfig
from config.language.problems import some
from kube.answers import inner
from vocabulary.kinds import POD, SERVICE, Object, labels_of


def adoption(case: ClusterCase) -> Iterator[Finding]:
    """The labels of the stack file are those of its pods, and the gateway Service selects them.

    Annotations and proxies are checked as for any Ambassador.
    """
    config = case.config.ambassador
    if config is None or config.adopt is None:
        return
    yield _labels(case, config)
    if config.gateway is not None:
        service = case.view.get(SERVICE, config.namespace, config.gateway_service)
        if service is not None:
            yield _selects(case.view, config, service)


def _labels(case: ClusterCase, config: AmbassadorConfig) -> Finding:
    title = "the pods of the adopted Ambassador have the labels of the stack file"
    workload = workload_of(case.view, config)
    if workload is None:
        return skipped(title, absent(config))
    found = labels_of(template_of(workload))
    lacking = [
        f"{key}={value}" for key, value in config.pod_labels.items() if found.get(key) != value
    ]
    if not lacking:
        return ok(title)
    shown = ", ".join(f"{key}: {value}" for key, value in sorted(found.items())) or "none"
    return failure(
        title,
        f"they lack {some(lacking)}",
        f"write {case.ambassador_key}.adopt.podLabels; the {kind_of(config).name} gives "
        f"its pods {shown}",
    )


def _selects(view: View, config: AmbassadorConfig, service: Object) -> Finding:
    title = f"the gateway's Service {config.gateway_service} selects Ambassador's pods"
    selector = inner(service, "spec", "selector")
    if not selector:
        return failure(title, "it has no selector", UPDATE)
    workload = workload_of(view, config)
    if workload is not None and not selector.items() <= labels_of(template_of(workload)).items():
        listed = some(f"{key}={value}" for key, value in selector.items())
        return failure(
            title,
            f"it selects {listed}, but the pods of {config.workload} have other labels",
            UPDATE,
        )
    pods = view.all(POD, config.namespace, selector)
    if pods:
        return ok(title, f"{len(pods)} pods")
    hint = f"see `kubectl -n {config.namespace} get pods,events`"
    return warning(title, "no pod matches now", hint)


CHECKS = (Check("ambassador", Phase.PARTS, adoption, pods, order=11),)
