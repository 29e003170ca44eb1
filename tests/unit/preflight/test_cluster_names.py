"""A cluster that had another name at the last update is refused, and no other."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from preflight.cluster_names import renamed

CLUSTERS = st.dictionaries(
    st.sampled_from(["west", "east", "north"]),
    st.sampled_from(["u1", "u2", "u3", "u4"]),
    max_size=3,
).filter(lambda found: len(set(found.values())) == len(found))


@settings(deadline=None)
@given(before=CLUSTERS, now=CLUSTERS)
def test_exactly_the_renamed_clusters_are_refused(
    before: dict[str, str], now: dict[str, str]
) -> None:
    refused = {name for name, _ in renamed(before, now)}
    assert refused == {
        name for name, uid in now.items() if uid in before.values() and before.get(name) != uid
    }


def test_the_remedy_names_the_old_name() -> None:
    ((name, (message, remedy)),) = renamed({"west": "u1"}, {"frankfurt": "u1"})
    assert name == "frankfurt"
    assert "'west' (UID u1)" in message
    assert remedy.startswith("name it 'west'")
