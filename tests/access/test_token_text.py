"""The text of a token: what a typo, and anything else that is none, is told by."""

from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.access.token_text import Cost, hash_of, id_in, make_text, with_checksum

CHEAP = Cost(n=16, block=1, lanes=1)
BODY = "apl_" + "0123456789ab" + "A" * 43
WHOLE = with_checksum(BODY)
LETTERS = string.ascii_letters + string.digits + "-_"


def test_no_two_are_alike() -> None:
    texts = [make_text() for _ in range(2000)]
    assert len({*texts}) == len({id_in(text) for text in texts}) == 2000
    assert {len(text) for text in texts} == {67}
    assert {letter for text in texts for letter in text} <= {*LETTERS}


@given(st.integers(0, len(WHOLE) - 1), st.sampled_from(LETTERS))
def test_one_wrong_letter_is_always_told(place: int, letter: str) -> None:
    wrong = WHOLE[:place] + letter + WHOLE[place + 1 :]
    assert id_in(wrong) == ("0123456789ab" if wrong == WHOLE else None)


@given(st.data())
def test_two_letters_that_changed_places_are_always_told(data: st.DataObject) -> None:
    text = make_text()
    place = data.draw(st.integers(0, len(text) - 2))
    wrong = text[:place] + text[place + 1] + text[place] + text[place + 2 :]
    assert (id_in(wrong) is None) == (wrong != text)


@given(st.text())
def test_a_text_of_any_kind_is_no_token(text: str) -> None:
    assert id_in(text) is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "apl_",
        BODY,
        WHOLE + "\n",
        " " + WHOLE,
        WHOLE.upper(),
        WHOLE + WHOLE,
        WHOLE[:-1],
        with_checksum("apl_" + "0123456789AB" + "A" * 43),
        with_checksum("apx_" + "0123456789ab" + "A" * 43),
        with_checksum("apl_" + "0123456789ab" + "A" * 42),
        with_checksum("apl_" + "0123456789ab" + "A" * 42 + "ä"),
        with_checksum("apl_" + "٠١٢٣٤٥٦٧٨٩ab" + "A" * 43),
        "A" * 1_000_000,
    ],
    ids=lambda text: repr(text[:80]),
)
def test_what_only_looks_like_one_is_none(text: str) -> None:
    assert id_in(text) is None


def test_only_the_token_fits_its_hash_and_each_hash_has_a_salt_of_its_own() -> None:
    text = make_text()
    kept, again = hash_of(text, CHEAP), hash_of(text, CHEAP)
    assert kept.fits(text)
    assert again.fits(text)
    assert not kept.fits(make_text())
    assert kept.salt != again.salt
    assert kept.digest != again.digest
    assert text not in repr(kept)


def test_a_hash_of_another_cost_stays_good() -> None:
    text = make_text()
    for cost in (Cost(), CHEAP, Cost(n=2**10, block=4, lanes=3)):
        assert hash_of(text, cost).fits(text)
