"""The states of anchors: exactly one signs, and the older `signer` names the same one."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from config import load_settings
from tests.stack_builders import pair, problems

states = st.lists(
    st.sampled_from([None, "prepared", "active", "tainted"]), min_size=1, max_size=4
).map(tuple)


def anchors(given_states: tuple[str | None, ...]) -> list[dict[str, Any]]:
    return [
        {"name": f"a{place}", **({} if state is None else {"state": state})}
        for place, state in enumerate(given_states)
    ]


@settings(max_examples=60, deadline=None)
@given(states, st.booleans())
def test_only_states_that_say_which_one_anchor_signs_are_accepted(
    drawn: tuple[str | None, ...], named: bool
) -> None:
    trust: dict[str, Any] = {"anchors": anchors(drawn)}
    if named:
        trust["signer"] = f"a{len(drawn) - 1}"
    found = problems({**pair(), "trustAnchor": trust})
    if not any(drawn):
        assert not found
        return
    clear = None not in drawn and drawn.count("active") == 1 and not named
    assert bool(found) != clear
    assert all(one.path.startswith("trustAnchor.") for one in found)


@given(
    st.integers(1, 4).flatmap(lambda count: st.tuples(st.just(count), st.integers(0, count - 1)))
)
def test_the_active_anchor_signs_as_one_that_signer_names_does(drawn: tuple[int, int]) -> None:
    count, signs = drawn
    by_state = anchors(tuple("active" if n == signs else "tainted" for n in range(count)))
    by_name = {"anchors": anchors((None,) * count), "signer": f"a{signs}"}
    names = [
        load_settings({**pair(), "trustAnchor": trust}, "a test").trust_anchor.signing_anchor.name
        for trust in ({"anchors": by_state}, by_name)
    ]
    assert names == [f"a{signs}"] * 2
