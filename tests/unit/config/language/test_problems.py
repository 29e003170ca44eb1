"""Texts for messages."""

from __future__ import annotations

from config.language.problems import some


def test_many_names_are_cut_short() -> None:
    assert some(["a", "b"], 2) == "a, b"
    assert some(["a", "b", "c", "d"], 2) == "a, b and 2 more"
