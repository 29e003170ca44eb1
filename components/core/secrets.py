"""Kubernetes Secrets of the kinds that the mesh needs."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence

import pulumi
from pulumi_kubernetes.core.v1 import Namespace, Secret
from pulumi_kubernetes.meta.v1 import ObjectMetaArgs

from components.trust.trust_anchor import SignedCertificate
from config.language.model import PullSecret
from vocabulary.kubernetes import SECRET_DOCKER_CONFIG, SECRET_TLS


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
    key: pulumi.Input[str] | None = None,
) -> Secret:
    """A Secret of type kubernetes.io/tls; with ``ca.crt`` where `authority` (PEM) is given.

    `key` is the PEM of the private key where the reader does not read PKCS#8 (Linkerd 2.8). Every
    other reader does, and Linkerd's policy controller reads no SEC1 (linkerd2,
    policy-controller/src/admission.rs and kubert's server: rustls reads PKCS#8 and PKCS#1).
    """
    data: dict[str, pulumi.Input[str]] = {
        "tls.crt": encoded(signed.certificate),
        "tls.key": encoded(signed.pkcs8 if key is None else key),
    }
    if authority is not None:
        data["ca.crt"] = encoded(authority)
    return Secret(
        logical_name,
        metadata=ObjectMetaArgs(name=name, namespace=namespace),
        type=SECRET_TLS,
        data=data,
        opts=opts,
    )


def key_pair_secret(
    logical_name: str,
    name: str,
    namespace: pulumi.Input[str],
    signed: SignedCertificate,
    opts: pulumi.ResourceOptions,
) -> Secret:
    """A Secret with ``crt.pem`` and ``key.pem``, as the webhooks of Linkerd 2.8 read it.

    They read SEC1 and PKCS#1 alone (linkerd2 stable-2.8.1, pkg/tls/codec.go).
    """
    return Secret(
        logical_name,
        metadata=ObjectMetaArgs(name=name, namespace=namespace),
        type="Opaque",
        data={
            "crt.pem": encoded(signed.certificate),
            "key.pem": encoded(signed.private_key),
        },
        opts=opts,
    )


def pull_secrets(
    owner: str,
    namespaces: Mapping[str, Namespace],
    secrets: Sequence[PullSecret],
    opts: pulumi.ResourceOptions,
) -> list[Secret]:
    """The Secrets for image registries whose content the stack file holds, in each namespace."""
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
