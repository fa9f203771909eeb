"""Which site serves which entry of shared uploads: each entry once, whatever the copies are."""

from random import Random
from typing import Any

import pytest

from gateway.search.copies import Exclusion, Holding, SharedUpload, exclusions, generation_of
from gateway.search.copies.owners import Begun

SITES = ("berlin", "dresden", "munich")

Sets = dict[str, set[str]]


def shared(upload_id: str, held: Sets, processed: dict[str, int] | None = None) -> SharedUpload:
    common = set.intersection(*held.values())
    return SharedUpload(
        upload_id,
        {
            site: Holding(len(ids), (processed or {}).get(site, 0), frozenset(ids - common))
            for site, ids in held.items()
        },
    )


def served(held: dict[str, Sets], found: dict[str, Exclusion]) -> dict[str, list[str]]:
    """The entries that each site gives when it is asked with its exclusion."""
    given: dict[str, list[str]] = {site: [] for site in SITES}
    for upload_id, sets in held.items():
        for site, ids in sets.items():
            one = found.get(site)
            excluded = one is not None and upload_id in one.uploads
            given[site] += [i for i in sorted(ids) if not excluded or i in one.but]  # type: ignore[union-attr]
    return given


ROWS = [
    # what is held, processed at, preferred, away -> who serves what
    ("whole copies: the first in the configuration", {"berlin": "ab", "munich": "ab"}, {}, (), (),
     {"berlin": "ab"}),
    ("the fullest", {"berlin": "ab", "munich": "abc"}, {"berlin": 9}, (), (), {"munich": "abc"}),
    ("equal counts: the newest", {"berlin": "ab", "munich": "ab"}, {"munich": 9}, (), (),
     {"munich": "ab"}),
    ("the preferred one, though less full", {"berlin": "a", "munich": "ab"}, {}, ("berlin",), (),
     {"berlin": "a", "munich": "b"}),
    ("equal counts, different sets", {"berlin": "ab", "munich": "bc"}, {}, (), (),
     {"berlin": "ab", "munich": "c"}),
    ("three parts", {"berlin": "ab", "dresden": "bc", "munich": "cd"}, {}, (), (),
     {"berlin": "ab", "dresden": "c", "munich": "d"}),
    ("the owner away", {"berlin": "abc", "munich": "ab"}, {}, (), ("berlin",),
     {"munich": "ab", "berlin": "c"}),
    ("the preferred one away", {"berlin": "ab", "munich": "ab"}, {}, ("berlin",), ("berlin",),
     {"munich": "ab"}),
    ("all away", {"berlin": "ab", "munich": "ab"}, {}, (), ("berlin", "munich"),
     {"berlin": "ab"}),
    ("nothing in common", {"berlin": "ab", "munich": "cd"}, {}, (), (),
     {"berlin": "ab", "munich": "cd"}),
]  # fmt: skip


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
def test_owner(row: Any) -> None:
    """Preference, then fullness, then processing, then configuration; the rest at the next."""
    _, text, processed, prefer, away, wanted = row
    held = {site: set(ids) for site, ids in text.items()}
    generation = generation_of([shared("u", held, processed)])
    found = exclusions(generation, sites=SITES, away=away, prefer=prefer)
    given = served({"u": held}, found)
    assert {site: "".join(ids) for site, ids in given.items() if ids} == wanted


def test_each_entry_once() -> None:
    """For any copies, any preference, any sites away, and any choice of sites."""
    random = Random(14)
    for _ in range(500):
        held: dict[str, Sets] = {}
        for upload in range(random.randrange(1, 5)):
            pool = [f"{upload}-{n}" for n in range(8)]
            holders = random.sample(SITES, random.choice((2, 3)))
            held[f"u{upload}"] = {
                site: set(random.sample(pool, random.randrange(1, 9))) for site in holders
            }
        times = {site: random.randrange(3) for site in SITES}
        generation = generation_of(shared(u, sets, times) for u, sets in held.items())
        chosen = tuple(s for s in SITES if random.random() < 0.8)
        found = exclusions(
            generation,
            sites=chosen,
            away=random.sample(SITES, random.randrange(3)),
            prefer=random.sample(SITES, random.randrange(3)),
        )
        given = served(held, found)
        listed = [i for site in chosen for i in given[site]]
        there = {i for sets in held.values() for site in chosen for i in sets.get(site, ())}
        assert sorted(listed) == sorted(there)
        counts = sum(len(sets.get(site, ())) for sets in held.values() for site in chosen)
        assert counts - sum(one.count for one in found.values()) == len(there)


def test_the_choice_does_not_depend_on_the_order_of_reading() -> None:
    """Replicas that read the same in another order give it the same id."""
    one = shared("u", {"berlin": {"a"}, "munich": {"a", "b"}})
    other = SharedUpload("u", dict(reversed(one.holdings.items())))
    more = shared("v", {"berlin": {"c"}, "munich": {"c"}})
    assert generation_of([one, more]).id == generation_of([more, other]).id
    assert generation_of([one]).id != generation_of([one, more]).id
    less = shared("u", {"berlin": {"a"}, "munich": {"a"}})
    assert generation_of([one]).id != generation_of([less]).id


def test_holders_of_an_entry() -> None:
    """Where an upload differs, an entry's holders are those that have it."""
    one = shared("u", {"berlin": {"a", "b"}, "munich": {"a", "c"}})
    assert one.holders_of("a") == ("berlin", "munich")
    assert one.holders_of("c") == ("munich",)


WALKS = [
    # held when the walk began, held now (shared then or now), first holders -> who serves what
    ("a new holder that is fuller", {"berlin": "ab", "dresden": "ab"},
     {"berlin": "ab", "dresden": "ab", "munich": "abc"}, (), {"berlin": "ab", "munich": "c"}),
    ("copied since", None, {"berlin": "ab", "munich": "abc"}, ("berlin",),
     {"berlin": "ab", "munich": "c"}),
    ("copied since from the later one", None, {"berlin": "abc", "munich": "abc"}, ("munich",),
     {"munich": "abc"}),
    ("a part deleted at the owner", {"berlin": "abc", "munich": "ab"},
     {"berlin": "c", "munich": "ab"}, (), {"berlin": "c", "munich": "ab"}),
    ("the order of then", {"berlin": "abc", "munich": "ab"}, {"berlin": "a", "munich": "ab"}, (),
     {"berlin": "a", "munich": "b"}),
    ("not known from then", None, {"berlin": "ab", "munich": "abc"}, (), {"munich": "abc"}),
]  # fmt: skip


@pytest.mark.parametrize(
    ("then", "now", "first", "wanted"), [row[1:] for row in WALKS], ids=[row[0] for row in WALKS]
)
def test_a_walk_that_has_begun(then: Any, now: Any, first: Any, wanted: Any) -> None:
    """Who came first then comes first now, with what it has now; what came since comes last."""
    known = {} if then is None else {site: set(ids) for site, ids in then.items()}
    began = generation_of([shared("u", known)] if known else [])
    held = {site: set(ids) for site, ids in now.items()}
    latest = generation_of([shared("u", held)], began)
    begun = Begun(began, {"u": first} if first else {})
    found = exclusions(latest, sites=SITES, begun=begun)
    given = {site: "".join(ids) for site, ids in served({"u": held}, found).items() if ids}
    assert given == wanted


def test_which_sites_share_uploads() -> None:
    """For a single entry of a site that is away, only these are asked."""
    one = shared("u", {"berlin": {"a"}, "munich": {"a"}})
    other = shared("v", {"munich": {"a"}, "dresden": {"a"}})
    assert generation_of([one, other]).sharing == {
        "berlin": {"munich"}, "munich": {"berlin", "dresden"}, "dresden": {"munich"}
    }  # fmt: skip
