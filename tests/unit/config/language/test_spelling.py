"""A misspelled word is corrected; another word is not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.language.spelling import nearest

KEYS = (
    "skipInboundPorts",
    "networks",
    "highAvailability",
    "flavour",
    "loadBalancerClass",
    "role",
    "hosts",
)


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        ("netwroks", "networks"),
        ("high_availability", "highAvailability"),
        ("HighAvailability", "highAvailability"),
        ("flavor", "flavour"),
        ("skipInbundPorts", "skipInboundPorts"),
        ("rol", "role"),
    ],
)
def test_a_misspelled_key_is_corrected(wrong: str, right: str) -> None:
    assert nearest(wrong, KEYS) == right


@pytest.mark.parametrize("other", ["skipOutboundPorts", "loadBalancerIP", "ports", "replicas"])
def test_another_word_is_no_misspelling(other: str) -> None:
    assert nearest(other, KEYS) is None


def test_a_word_that_could_be_two_is_corrected_to_neither() -> None:
    assert nearest("hub-c", ("hub-a", "hub-b")) is None


def test_a_cluster_in_the_east_is_not_one_in_the_west() -> None:
    assert nearest("east", ("west",)) is None


@given(
    word=st.sampled_from([key for key in KEYS if len(key) > 5]),
    place=st.integers(0, 4),
    letter=st.sampled_from("xzqj"),
)
def test_one_wrong_letter_of_any_key_is_corrected(word: str, place: int, letter: str) -> None:
    for wrong in (
        word[:place] + letter + word[place + 1 :],
        word[:place] + letter + word[place:],
        word[:place] + word[place + 1 :],
        word[:place] + word[place + 1] + word[place] + word[place + 2 :],
    ):
        assert nearest(wrong, KEYS) == word
