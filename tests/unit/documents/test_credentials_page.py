"""docs/credentials.md: what it lets a user write is valid, and its schedule renews in time."""

from __future__ import annotations

import re
from itertools import pairwise

import pytest

from config.links.link import LinkConfig
from tests.credentials_page import PAGE, links


@pytest.mark.parametrize("link", links(), ids=str)
def test_each_link_of_the_page_is_valid_and_its_token_ends(link: dict[str, object]) -> None:
    assert LinkConfig.model_validate(link).credentials.requested


def test_the_schedule_of_the_page_is_shorter_than_the_default_renewal() -> None:
    (minute, step) = re.findall(r"^(\d+) \*/(\d+) \* \* \* ", PAGE, re.M)[0]
    hours = [*range(0, 24, int(step)), 24]
    longest = max(later - earlier for earlier, later in pairwise(hours)) * 3600
    first = LinkConfig.model_validate(links()[0]).credentials
    assert 0 <= int(minute) < 60
    assert longest < first.renew_before_seconds


def test_updates_once_a_day_are_often_enough_for_the_link_that_the_page_shows_for_them() -> None:
    (daily,) = [link for link in links() if "lifetime" in link["credentials"]]
    assert LinkConfig.model_validate(daily).credentials.renew_before_seconds > 24 * 3600
