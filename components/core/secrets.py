"""Kubernetes Secrets of the kinds that the mesh needs."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence

import pulumi
from pulumi_kubernetes.core.v1 import Namespace, Secret
from pulumi_kubernetes.meta.v1 import ObjectMetaArgs

from components.trust.trust_anchor import SignedCertificate
from config.inventory import Webhook
from config.language.model import PullSecret
from config.trust.key_forms import GO_FORMS, KeyForm
from vocabulary.kubernetes import (
    SECRET_DOCKER_CONFIG,
    SECRET_TLS,
    TLS_AUTHORITY_KEY,
    TLS_CERTIFICATE_KEY,
    TLS_PRIVATE_KEY,
)

OF_TLS = (TLS_CERTIFICATE_KEY, TLS_PRIVATE_KEY)


def encoded(text: pulumi.Input[str]) -> pulumi.Output[str]:
    """Base64 of a text, still secret; the form in which Kubernetes gives data back."""
    plain = pulumi.Output.secret(text)
    return plain.apply(lambda value: base64.b64encode(value.encode()).decode())


def tls_secret(
    logical_name: str,
    name: str,
    namespace: pulumi.Input[str],
    signed: SignedCertificate,
    opts: pulumi.ResourceOptions,
    *,
    authority: pulumi.Input[str] | None = None,
    forms: frozenset[KeyForm] = GO_FORMS,
) -> Secret:
    """A Secret of type kubernetes.io/tls; with ``ca.crt`` where `authority` (PEM) is given.

    `forms` are the forms of private keys that its reader reads.
    """
    data: dict[str, pulumi.Input[str]] = {
        TLS_CERTIFICATE_KEY: encoded(signed.certificate),
        TLS_PRIVATE_KEY: encoded(signed.key(forms)),
    }
    if authority is not None:
        data[TLS_AUTHORITY_KEY] = encoded(authority)
    return Secret(
        logical_name,
        metadata=ObjectMetaArgs(name=name, namespace=namespace),
        type=SECRET_TLS,
        data=data,
        opts=opts,
    )


def webhook_secret(
    logical_name: str,
    webhook: Webhook,
    namespace: pulumi.Input[str],
    signed: SignedCertificate,
    opts: pulumi.ResourceOptions,
) -> Secret:
    """The Secret with the serving certificate of a webhook, under the keys that its pods read."""
    forms = webhook.key_forms
    if webhook.secret_keys == OF_TLS:
        return tls_secret(logical_name, webhook.secret, namespace, signed, opts, forms=forms)
    certificate, key = webhook.secret_keys
    return Secret(
        logical_name,
        metadata=ObjectMetaArgs(name=webhook.secret, namespace=namespace),
        type="Opaque",
        data={certificate: encoded(signed.certificate), key: encoded(signed.key(forms))},
        opts=opts,
    )


def pull_secrets(
    owner: str,
    namespaces: Mapping[str, Namespace],
    secrets: Sequence[PullSecret],
    opts: pulumi.ResourceOptions,
) -> list[Secret]:
    """The Secrets for image registries whose content is in the stack file, in each namespace.

    `namespaces` are by the part of the Secrets' logical names that names them.
    """
    return [
        Secret(
            f"{owner}-{space}-pull-{secret.name}",
            metadata=ObjectMetaArgs(name=secret.name, namespace=namespace.metadata.name),
            type=SECRET_DOCKER_CONFIG,
            data={".dockerconfigjson": encoded(secret.docker_config_json.get_secret_value())},
            opts=opts,
        )
        for space, namespace in namespaces.items()
        for secret in secrets
        if secret.docker_config_json is not None
    ]
