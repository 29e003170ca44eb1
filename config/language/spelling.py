"""Which known word a misspelled one is.

Words that are merely alike are not suggested: `skipInboundPorts` for `skipOutboundPorts` is the
opposite, and cluster `west` for `east` another place.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from functools import lru_cache

_LONGEST = 80
_SHORT = 5
"""Up to this length one wrong letter is a misspelling, beyond it two."""


def nearest(word: str, known: Collection[str]) -> str | None:
    """The one known word that `word` can be a misspelling of; None if there is none, or several."""
    return _nearest(word, tuple(known))


@lru_cache(maxsize=1024)
def _nearest(word: str, known: tuple[str, ...]) -> str | None:
    if len(word) > _LONGEST:
        return None
    same = [other for other in known if _letters(other) == _letters(word)]
    if len(same) == 1:
        return same[0]
    limit = 1 if len(word) <= _SHORT else 2
    close = [other for other in known if _wrong_letters(word, other, limit) <= limit]
    return close[0] if len(close) == 1 else None


def _letters(word: str) -> str:
    return re.sub(r"[-_ .]", "", word).lower()


def _wrong_letters(word: str, other: str, limit: int) -> int:
    """Letters to add, leave out, replace or swap, as far as they matter for `limit`."""
    if abs(len(word) - len(other)) > limit:
        return limit + 1
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, letter in enumerate(word, 1):
        above, before, row = before, row, [i]
        for j, wanted in enumerate(other, 1):
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (letter != wanted))
            if i > 1 and j > 1 and letter == other[j - 2] and word[i - 2] == wanted:
                cost = min(cost, above[j - 2] + 1)
            row.append(cost)
    return row[-1]
