"""Who sees what: `owner`, embargoed and unpublished entries."""

import pytest

from tests.contract.asking import Known

ID_ONLY = {"include": ["entry_id"]}


def total(known: Known, owner: str) -> int:
    """How many entries an owner sees."""
    return known.oasis.post({"owner": owner, "pagination": {"page_size": 0}}).total


def hidden(known: Known) -> str:
    """An embargoed entry's id."""
    body = {"owner": "all", "query": {"with_embargo": True}, "pagination": {"page_size": 1}}
    found = known.oasis.post({**body, "required": ID_ONLY}).ids
    return str(known.need(found, "embargoed entries")[0])


def test_public_is_the_default(known: Known) -> None:
    """Published and not under embargo; `visible` adds nothing for anybody."""
    default = known.oasis.post({"pagination": {"page_size": 0}}).total
    assert default == total(known, "public") == total(known, "visible")
    assert known.oasis.find({"with_embargo": True}).total == 0
    assert known.oasis.find({"published": False}).total == 0


def test_all_counts_embargoed_entries(known: Known) -> None:
    """`all` shows the metadata of embargoed entries to anybody, unpublished ones to nobody."""
    hidden(known)
    assert total(known, "all") > total(known, "public")
    body = {"owner": "all", "query": {"published": False}, "pagination": {"page_size": 0}}
    assert known.oasis.post(body).total == 0


def test_embargoed_entries(known: Known) -> None:
    """Their metadata are open by id, their archives are not."""
    entry_id = hidden(known)
    assert known.oasis.send("GET", f"entries/{entry_id}").status == 200
    assert known.oasis.send("GET", f"entries/{entry_id}/archive").status == 404
    assert known.oasis.find({"entry_id": entry_id}).total == 0
    assert known.oasis.archives({"entry_id": entry_id}).total == 0


@pytest.mark.parametrize("owner", ["user", "shared", "staging", "admin"])
@pytest.mark.parametrize("path", ["entries/query", "entries/archive/query"])
def test_own_entries_need_a_token(known: Known, owner: str, path: str) -> None:
    """401; the text differs between versions."""
    answer = known.oasis.post({"owner": owner}, path=path)
    assert answer.status == 401
    if owner == "user":
        value = "value user" if known.is_old else "owner='user'"
        start = (
            "Authentication required for owner " if known.is_old else "Authentication required for "
        )
        assert answer.body == {"detail": f"{start}{value}."}


def test_unknown_owner(known: Known) -> None:
    """422."""
    assert known.oasis.post({"owner": "nobody"}).status == 422


def test_archives_of_all(known: Known) -> None:
    """Refused before the query is read: 403, 401 before 1.4."""
    answer = known.oasis.post(
        {"owner": "all", "query": {"nosuch": 1}}, path="entries/archive/query"
    )
    assert answer.status == (401 if known.is_old else 403)


def test_null_owner(known: Known) -> None:
    """Before 1.4 null lifts every restriction: never send it."""
    body = {"owner": None, "pagination": {"page_size": 0}}
    public = total(known, "public")
    if known.is_old:
        assert known.oasis.post(body).total > public
    else:
        assert known.oasis.post(body).total == public
