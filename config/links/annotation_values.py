"""Values of the annotations by which clients treat requests to a Service.

Facts: linkerd2 edge-26.8.3, ``policy-controller/k8s/index/src/outbound/index.rs`` (parse_duration)
and ``index/http.rs`` (what is retried).
"""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator, WithJsonSchema

from config.language.formats import matching
from config.language.problems import quoted, wrong

_UNITS = {"ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
_SPAN = "([1-9][0-9]{0,8})(ms|s|m|h|d)"


def milliseconds(span: str) -> int:
    """A duration such as ``300ms`` in milliseconds."""
    found = re.fullmatch(_SPAN, span)
    return int(found[1]) * _UNITS[found[2]] if found else 0


Span = Annotated[
    str,
    matching(
        _SPAN,
        "a duration as Linkerd's annotations have it",
        "write one whole number and one unit (ms, s, m, h or d), for example 300ms or 5s",
    ),
    WithJsonSchema({"type": "string", "pattern": f"^{_SPAN}$", "examples": ["300ms"]}),
]
"""A duration as Linkerd's annotations have it."""


def _status(value: str) -> str:
    codes = [int(code) for code in re.findall("[0-9]+", value)]
    single = re.fullmatch("[1-5][0-9]{2}(-[1-5][0-9]{2})?", value)
    if value not in ("5xx", "gateway-error") and (single is None or codes != sorted(codes)):
        raise wrong(
            f"{quoted(value)} is not a status code, nor a range of them",
            'write a code such as "503", a range such as "500-504", 5xx or gateway-error (502-504)',
        )
    return value


Status = Annotated[
    str,
    AfterValidator(_status),
    WithJsonSchema(
        {
            "type": "string",
            "pattern": "^(5xx|gateway-error|[1-5][0-9]{2}(-[1-5][0-9]{2})?)$",
            "examples": ["5xx"],
        }
    ),
]
"""HTTP status codes that are retried."""
