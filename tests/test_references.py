"""What a reference is: ids that hold all of it, DOIs by their prefixes, addresses that are ones."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import AnyUrl, TypeAdapter

from gateway.references import (
    DOI_PREFIXES,
    LONGEST,
    Reference,
    doi_in,
    is_indexed,
    read_reference_id,
    references_with_doi,
)

IDS = [
    ("doi", "10.17172/NOMAD/2021.06.02-1", "doi.10.17172_2FNOMAD_2F2021.06.02-1"),
    ("ref", "https://doi.org/10.1/x", "ref.https_3A_2F_2Fdoi.org_2F10.1_2Fx"),
    ("ref", "10.1/x", "ref.10.1_2Fx"),
    ("doi", "a", "doi.a"),
    ("ref", "_", "ref._5F"),
    ("ref", "_5F", "ref._5F5F"),
    ("ref", ".", "ref.."),
    ("ref", "..", "ref..."),
    ("ref", " ", "ref._20"),
    ("ref", "\n\0", "ref._0A_00"),
    ("ref", "Größe α/β", "ref.Gr_C3_B6_C3_9Fe_20_CE_B1_2F_CE_B2"),
    ("ref", "\U0010ffff", "ref._F4_8F_BF_BF"),
    ("ref", 'say "no" %20 + ~', "ref.say_20_22no_22_20_2520_20_2B_20_7E"),
]


@pytest.mark.parametrize(("kind", "value", "id_"), IDS, ids=lambda one: repr(one)[:30])
def test_id(kind: str, value: str, id_: str) -> None:
    """The id is the value, what URLs could not hold escaped; and it is read back."""
    reference = Reference(kind, value)  # type: ignore[arg-type]
    assert reference.id == id_
    assert read_reference_id(id_) == reference


@given(st.sampled_from(["doi", "ref"]), st.text(min_size=1))
def test_ids_go_both_ways(kind: str, value: str) -> None:
    """Whatever the value: its id is safe in URLs, filters and file names, and leads back."""
    reference = Reference(kind, value)  # type: ignore[arg-type]
    assert re.fullmatch(r"(doi|ref)\.[A-Za-z0-9._-]+", reference.id)
    assert read_reference_id(reference.id) == reference


NO_IDS = [
    "", "doi", "doi.", "ref.", "x.10.1", "DOI.10.1", "doi:10.1", "doi.10.1/x", "doi.10.1 ", "ref.ä",
    "ref._", "ref._5", "ref._2f", "ref._2G", "ref._41", "ref._2E", "ref._C3", "ref._FF",
    "ref._C0_80", "ref._ED_A0_80", "berlin~abc", "ref.a\n", f"ref.{'a' * (LONGEST + 1)}",
]  # fmt: skip


@pytest.mark.parametrize("text", NO_IDS, ids=lambda text: repr(text)[:30])
def test_no_id(text: str) -> None:
    """Only what is written exactly as ids are written is one: each reference has one id."""
    assert read_reference_id(text) is None


DOIS = [
    ("10.1/x", "10.1/x"),
    ("doi:10.1/x", "10.1/x"),
    ("https://doi.org/10.1/x", "10.1/x"),
    ("http://doi.org/10.1/x", "10.1/x"),
    ("https://dx.doi.org/10.1/x", "10.1/x"),
    ("http://dx.doi.org/10.1/x", "10.1/x"),
    ("https://doi.org/10.1/x?a=b#c", "10.1/x?a=b#c"),
    ("10.", "10."),
    ("10", None),
    ("10/x", None),
    ("11.1/x", None),
    ("", None),
    ("doi:", None),
    ("doi: 10.1/x", None),
    ("DOI:10.1/x", None),
    (" 10.1/x", None),
    ("doi:doi:10.1/x", None),
    ("doi:https://doi.org/10.1/x", None),
    ("https://www.doi.org/10.1/x", None),
    ("https://doi.org/11.1/x", None),
    ("https://example.org/10.1/x", None),
]


@pytest.mark.parametrize(("text", "doi"), DOIS)
def test_doi_of_a_text(text: str, doi: str | None) -> None:
    """A text is a DOI when it begins with 10. behind one of the known prefixes, or none."""
    assert doi_in(text) == doi


@pytest.mark.parametrize(("text", "doi"), DOIS)
def test_references_with_a_doi(text: str, doi: str | None) -> None:
    """All spellings of a DOI are found by it, and every one found has it."""
    every = {Reference("ref", text)} if doi and is_indexed(text) else set()
    assert every <= set(references_with_doi(doi or text))
    assert all(one.doi == (doi or text) for one in references_with_doi(doi or text))


def test_spellings() -> None:
    """A DOI has one dataset spelling and as many others as there are prefixes; others one."""
    assert len(references_with_doi("10.1/x")) == 1 + len(DOI_PREFIXES)
    assert references_with_doi("abc") == (Reference("doi", "abc"),)
    assert references_with_doi("") == ()


URLS = [
    ("ref", "https://example.org/a?b=c#d", "https://example.org/a?b=c#d"),
    ("ref", "http://example.org", "http://example.org"),
    ("ref", "http://localhost:8080/x", "http://localhost:8080/x"),
    ("ref", "http://x.org/a%20b", "http://x.org/a%20b"),
    ("ref", "http://doi.org/10.1/x", "http://doi.org/10.1/x"),
    ("ref", "doi:10.1/x", "https://doi.org/10.1/x"),
    ("ref", "10.1/x y", "https://doi.org/10.1/x%20y"),
    ("ref", "https://doi.org/10.1/a b", "https://doi.org/10.1/a%20b"),
    ("doi", "10.17172/N/1", "https://doi.org/10.17172/N/1"),
    ("doi", "10.1/<ä>#?%", "https://doi.org/10.1/%3C%C3%A4%3E%23%3F%25"),
    ("ref", "https://", None),
    ("ref", "https:///a", None),
    ("ref", "https://exa mple.org", None),
    ("ref", "https://example.org/ö", None),
    ("ref", "http://example.org/a%2", None),
    ("ref", "http://example.org:70000000/", None),
    ("ref", "http://-x.org/", None),
    ("ref", "http://999.1.1.1/", None),
    ("ref", "http://a:b@example.org/", None),
    ("ref", "ftp://example.org/", None),
    ("ref", "javascript:alert(1)", None),
    ("ref", "http://example.org/\n", None),
    ("ref", "J. Smith, private communication", None),
]


@pytest.mark.parametrize(("kind", "value", "url"), URLS, ids=lambda one: repr(one)[:40])
def test_url(kind: str, value: str, url: str | None) -> None:
    """Addresses are given as they are, DOIs through doi.org; other texts are notes."""
    reference = Reference(kind, value)  # type: ignore[arg-type]
    assert reference.url == url
    assert reference.note == (value if url is None else None)


PIECES = st.sampled_from(
    ["http://", "https://", "a", "-", ".", "..", "1", "%41", "%", ":", "80", "/", "?", "#", "@",
     "[", "]", "::1", "xn--a", "ä", " ", "\\", "10.", "doi:", "https://doi.org/", "\t", "|", "_"]
)  # fmt: skip


@given(st.lists(PIECES, min_size=1, max_size=8).map("".join))
def test_every_url_is_one(value: str) -> None:
    """Clients read `url` as one."""
    url = Reference("ref", value).url
    if url is not None:
        TypeAdapter(AnyUrl).validate_python(url)


@pytest.mark.parametrize(
    ("value", "indexed"),
    [
        ("", False),
        ("a", True),
        (" ", True),
        ("a" * LONGEST, True),
        ("a" * (LONGEST + 1), False),
        ("\U0001d11e" * 4095, True),
        ("\U0001d11e" * 4096, False),
    ],
    ids=lambda one: str(one)[:5],
)
def test_indexed(value: str, indexed: bool) -> None:
    """An empty text refers to nothing, and NOMAD's index leaves very long ones out."""
    assert is_indexed(value) is indexed
