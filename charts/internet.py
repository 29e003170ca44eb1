"""Whether addresses on the internet answer within a set time."""

from __future__ import annotations

import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterable

LIMIT_SECONDS = 7.0
"""Seconds to wait for answers; the demo asks twice, and needs a result within 15 seconds."""

_ANSWERS_WITHOUT_LOGIN = (401, 405)


def unreachable(urls: Iterable[str], limit: float = LIMIT_SECONDS) -> dict[str, str]:
    """Those of `urls` that do not answer within `limit` seconds, each with the reason.

    All are asked at once, through the proxies of the environment. A registry that requires a login
    has answered.
    """
    wanted = list(dict.fromkeys(urls))
    answers: dict[str, str | None] = {}
    threads = [
        # Daemons: looking up a name cannot be interrupted.
        threading.Thread(target=_ask, args=(url, limit, answers), daemon=True)
        for url in wanted
    ]
    deadline = time.monotonic() + limit
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(max(0.0, deadline - time.monotonic()))
    results = {url: answers.get(url, f"no answer within {limit:.0f} seconds") for url in wanted}
    return {url: reason for url, reason in results.items() if reason is not None}


def _ask(url: str, limit: float, answers: dict[str, str | None]) -> None:
    request = urllib.request.Request(url, method="HEAD")
    try:
        with urllib.request.urlopen(request, timeout=limit):
            answers[url] = None
    except urllib.error.HTTPError as error:
        with error:
            known = error.code in _ANSWERS_WITHOUT_LOGIN
            answers[url] = None if known else f"it answers with status {error.code}"
    except urllib.error.URLError as error:
        reason = error.reason
        answers[url] = getattr(reason, "strerror", None) or str(reason)
    except (OSError, ValueError) as error:
        answers[url] = str(error) or type(error).__name__
