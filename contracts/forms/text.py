"""Forms of texts, numbers and maps, as predicates.

Facts: Kubernetes docs, "Labels and Selectors" and "Object Names and IDs"; Go's ``strconv`` and
``time.ParseDuration``; Kubernetes' ``resource.ParseQuantity``.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Mapping
from urllib.parse import urlsplit

from contracts.contract import Complaint, Fits

_LABEL = r"[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?"
_SUBDOMAIN = rf"{_LABEL}(?:\.{_LABEL})*"
_LABEL_VALUE = r"(?:[A-Za-z0-9](?:[-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?"
_PART = r"[a-z0-9]+(?:[._-]+[a-z0-9]+)*"
_IMAGE = rf"(?:{_PART}(?::[0-9]+)?/)?{_PART}(?:/{_PART})*(?::[\w][\w.-]{{0,127}})?"
_QUANTITY = r"[0-9]+(?:\.[0-9]+)?(?:m|k|[KMGTPE]i?)?"
_DURATION = r"(?:[0-9]+(?:\.[0-9]+)?(?:ns|us|ms|s|m|h))+"
_BOOLEANS = ("1", "t", "T", "TRUE", "true", "True", "0", "f", "F", "FALSE", "false", "False")


def text(value: object) -> Complaint | None:
    """Any text; the API server accepts no other value of an annotation."""
    return None if isinstance(value, str) else Complaint(f"is no text but {_kind(value)}")


def boolean(value: object) -> Complaint | None:
    """True or false, not a text that says so: charts treat every text as true."""
    return None if isinstance(value, bool) else Complaint(f"is no boolean but {_kind(value)}")


def one_of(*allowed: object) -> Fits:
    """One of these values, and of the same type."""

    def fits(value: object) -> Complaint | None:
        if any(value == item and type(value) is type(item) for item in allowed):
            return None
        return Complaint(f"is {value!r}, not one of {', '.join(map(repr, allowed))}")

    return fits


def go_boolean(value: object) -> Complaint | None:
    """A text that Go's strconv.ParseBool accepts."""
    return one_of(*_BOOLEANS)(value)


def integer(least: int = 0, most: int = 2**31 - 1) -> Fits:
    """A whole number, as a number; Pulumi gives numbers as floats."""

    def fits(value: object) -> Complaint | None:
        if isinstance(value, bool) or not isinstance(value, (int, float)) or value != int(value):
            return Complaint(f"is no whole number but {_kind(value)}")
        return None if least <= value <= most else Complaint(f"is not in {least} to {most}")

    return fits


def decimal(least: int = 0, most: int = 2**31 - 1) -> Fits:
    """A whole number, as a text."""

    def fits(value: object) -> Complaint | None:
        if not isinstance(value, str) or not re.fullmatch(r"[0-9]+", value):
            return Complaint(f"is no text of digits: {value!r}")
        return None if least <= int(value) <= most else Complaint(f"is not in {least} to {most}")

    return fits


def pattern(expression: str, meaning: str) -> Fits:
    """A text of this form; `meaning` is its name in complaints."""

    def fits(value: object) -> Complaint | None:
        if isinstance(value, str) and re.fullmatch(expression, value):
            return None
        return Complaint(f"is not {meaning}: {value!r}")

    return fits


dns_label = pattern(_LABEL, "a DNS label")
dns_name = pattern(_SUBDOMAIN, "a DNS name")
host_pattern = pattern(rf"\*|(?:\*\.)?{_SUBDOMAIN}", "a Host name, perhaps with a leading *.")
label_value = pattern(_LABEL_VALUE, "a label's value")
image = pattern(_IMAGE, "the name of an image")
quantity = pattern(_QUANTITY, "a quantity")
quantity_or_none = pattern(rf"(?:{_QUANTITY})?", "a quantity or empty")
duration = pattern(_DURATION, "a Go duration such as 3s")
port_text = decimal(1, 65535)
port = integer(1, 65535)
absolute_path = pattern(r"/[^\s?#]*", "a path with a leading /")
relative_path = pattern(r"[^\s/?#][^\s?#]*", "a path without a leading /")
identity = pattern(
    rf"{_LABEL}\.{_LABEL}\.serviceaccount\.identity\.{_LABEL}\.{_SUBDOMAIN}",
    "<ServiceAccount>.<namespace>.serviceaccount.identity.<Linkerd's namespace>.<trust domain>",
)
object_ref = pattern(rf"{_LABEL}/{_SUBDOMAIN}", "<namespace>/<name>")
host_port = pattern(rf"{_SUBDOMAIN}:[0-9]+", "<host>:<port>")


def ports(*, named: bool = False) -> Fits:
    """A comma-separated list of ports and ranges; `named` also accepts names of container ports."""

    def fits(value: object) -> Complaint | None:
        if not isinstance(value, str) or not value:
            return Complaint(f"is no list of ports: {value!r}")
        for item in value.split(","):
            if named and dns_label(item) is None and not item[0].isdigit():
                continue
            bounds = item.split("-")
            if len(bounds) > 2 or any(port_text(bound) for bound in bounds):
                return Complaint(f"has {item!r}, which is neither a port nor a range")
            if int(bounds[0]) > int(bounds[-1]):
                return Complaint(f"has a range that ends before it begins: {item!r}")
        return None

    return fits


def networks(value: object) -> Complaint | None:
    """A comma-separated list of CIDRs."""
    if not isinstance(value, str):
        return Complaint(f"is no text but {_kind(value)}")
    for item in value.split(","):
        complaint = cidr(item)
        if complaint:
            return complaint
    return None


def addresses(value: object) -> Complaint | None:
    """A comma-separated list of IP addresses and DNS names."""
    if not isinstance(value, str):
        return Complaint(f"is no text but {_kind(value)}")
    for item in value.split(","):
        try:
            ipaddress.ip_address(item)
        except ValueError:
            if dns_name(item):
                return Complaint(f"has {item!r}, which is neither an IP address nor a DNS name")
    return None


def cidr(value: object) -> Complaint | None:
    """A CIDR whose address has no bits beyond its prefix."""
    try:
        ipaddress.ip_network(str(value))
    except ValueError:
        return Complaint(f"is no CIDR: {value!r}")
    return None if "/" in str(value) else Complaint(f"has no prefix length: {value!r}")


def http_url(value: object) -> Complaint | None:
    """A URL with scheme and host."""
    parts = urlsplit(str(value))
    if isinstance(value, str) and parts.scheme in ("http", "https") and parts.hostname:
        return None
    return Complaint(f"is no URL with http:// or https://: {value!r}")


def texts(value: object) -> Complaint | None:
    """A map whose keys and values are texts."""
    if not isinstance(value, Mapping):
        return Complaint(f"is no map but {_kind(value)}")
    for key, item in value.items():
        if not isinstance(key, str) or not isinstance(item, str):
            return Complaint(f"has {key!r}, which is not a text with a text")
    return None


def labels(value: object) -> Complaint | None:
    """A map of labels that selects something: not empty, and all values fit for labels."""
    if not isinstance(value, Mapping) or not value:
        return Complaint("selects nothing by label")
    for key, item in value.items():
        complaint = label_value(item)
        if complaint:
            return Complaint(f"label {key} {complaint.reason}")
    return None


def every(fits: Fits) -> Fits:
    """A list, not empty, of values of one form."""

    def all_fit(value: object) -> Complaint | None:
        if isinstance(value, (str, bytes, Mapping)) or not isinstance(value, Iterable):
            return Complaint(f"is no list but {_kind(value)}")
        items = list(value)
        if not items:
            return Complaint("is an empty list")
        return next((found for found in map(fits, items) if found), None)

    return all_fit


def either(*forms: Fits) -> Fits:
    """A value of any of these forms; the complaint is that of the first."""

    def fits(value: object) -> Complaint | None:
        complaints = [form(value) for form in forms]
        return complaints[0] if all(complaints) else None

    return fits


def having(required: Mapping[str, Fits], optional: Mapping[str, Fits] | None = None) -> Fits:
    """A map with these keys in these forms, and no other key."""
    known = {**required, **(optional or {})}

    def fits(value: object) -> Complaint | None:
        if not isinstance(value, Mapping):
            return Complaint(f"is no map but {_kind(value)}")
        for key in required:
            if key not in value:
                return Complaint(f"has no {key}")
        for key, item in value.items():
            if key not in known:
                return Complaint(f"has {key}, which nothing reads")
            complaint = known[key](item)
            if complaint:
                return Complaint(f"{key} {complaint.reason}")
        return None

    return fits


def at(value: object, *path: str | int) -> object:
    """What is at a path in maps and lists; None where there is nothing."""
    for step in path:
        if isinstance(value, Mapping):
            value = value.get(step)
        elif isinstance(value, (list, tuple)) and isinstance(step, int) and step < len(value):
            value = value[step]
        else:
            return None
    return value


def _kind(value: object) -> str:
    return type(value).__name__
