"""The forms of private keys that programs read, and the form of a key.

A PEM label names the form. A program that does not know a label refuses the file when it starts and
reports it only in its log, so the form of a key matters as much as the key.

Facts: the source of linkerd2 edge-26.8.3 (``pkg/tls/codec.go``, DecodePEMKey) and of 2.8.1 (same
file, which has no case for PKCS#8); kubert 0.27.0 (``server/tls_rustls.rs``, load_private_key),
by which the policy controller serves its webhook.
"""

from __future__ import annotations

import re
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from config.variants.linkerd import LinkerdGeneration


class KeyForm(StrEnum):
    """A form of private keys; its value is the PEM label."""

    PKCS8 = "PRIVATE KEY"
    PKCS1 = "RSA PRIVATE KEY"
    SEC1 = "EC PRIVATE KEY"

    @property
    def called(self) -> str:
        """The form as people write it."""
        return {KeyForm.PKCS8: "PKCS#8", KeyForm.PKCS1: "PKCS#1", KeyForm.SEC1: "SEC1"}[self]


GO_FORMS = frozenset(KeyForm)
"""Forms that Linkerd's programs in Go read."""
OLD_GO_FORMS = frozenset({KeyForm.PKCS1, KeyForm.SEC1})
"""Forms that those of Linkerd 2.8 read."""
KUBERT_FORMS = frozenset({KeyForm.PKCS8, KeyForm.PKCS1})
"""Forms that the policy controller reads, which is in Rust."""

_LABEL = re.compile(r"-----BEGIN ([A-Z0-9 ]*PRIVATE KEY)-----")


def form_fault(generation: LinkerdGeneration, reader: str, private_key: str) -> str | None:
    """Why a reader refuses the form of a private key (PEM text), or None.

    `reader` is the name of its Service. The message holds nothing of the key.
    """
    labels = _LABEL.findall(private_key)
    if not labels:
        return "its private key is not in PEM form"
    if len(labels) > 1:
        return f"it contains {len(labels)} private keys, not one"
    read = generation.key_forms[reader]
    wanted = " and ".join(form.called for form in KeyForm if form in read)
    try:
        form = KeyForm(labels[0])
    except ValueError:
        return f"its private key is a '{labels[0]}'; {reader} reads {wanted}"
    if form in read:
        return None
    return f"its private key is in the form {form.called} ('{form}'); {reader} reads {wanted} only"
