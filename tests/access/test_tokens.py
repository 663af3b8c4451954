"""Tokens: who passes, who does not and why, and what a check costs."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.access.guard import Guard, Pause
from appliance.access.roles import Role
from appliance.access.token_text import id_in, make_text, with_checksum
from appliance.access.tokens import Denial, Token
from appliance.clock import NS_PER_MINUTE, NS_PER_S
from appliance.errors import Refusal
from tests.access.keeping import ADMIN, DAY_NS, NOW_NS, at, make

HERE, THERE = "192.0.2.7", "192.0.2.8"


def forged(text: str) -> str:
    """The token with another secret, and a checksum that is right."""
    body = text[:-8]
    return with_checksum(body[:-1] + ("A" if body[-1] != "A" else "B"))


def test_a_token_passes_and_tells_who_it_is(guard: Guard) -> None:
    made = make(guard, "reporting", Role.OPERATOR)
    passed = guard.check_token(made.text, HERE, at(0))
    assert passed == made.token == Token(made.token.id, "reporting", Role.OPERATOR, NOW_NS, None, 0)


def test_why_one_does_not_pass(guard: Guard) -> None:
    made, late = make(guard, "a"), make(guard, "b", expires_ns=NOW_NS + DAY_NS)
    for text, denial in [
        (made.text[:-1], Denial.MISTYPED),
        ("", Denial.MISTYPED),
        (make_text(), Denial.UNKNOWN),
        (forged(made.text), Denial.UNKNOWN),
    ]:
        assert guard.tokens.check(text, at(0)) is denial
    assert isinstance(guard.tokens.check(late.text, at(DAY_NS - 1)), Token)
    assert guard.tokens.check(late.text, at(DAY_NS)) is Denial.EXPIRED


def test_the_secret_is_nowhere_but_in_the_hands_of_who_asked_for_it(guard: Guard, tmp_path: Path) -> None:
    made = make(guard)
    guard.check_token(made.text, HERE, at(0))
    session = guard.sessions.begin(made.token, NOW_NS)
    secret = made.text[16:-8]
    kept = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert secret.encode() not in kept
    assert session.id.encode() not in kept
    assert secret not in repr(made) + repr(guard.tokens.listed()) + repr(guard.audit.entries(10))
    assert session.id not in repr(session)


@settings(max_examples=60)
@given(place=st.integers(0, 66), letter=st.characters(codec="latin-1"))
def test_a_changed_letter_is_refused_and_costs_no_scrypt(guards: Guard, texts: list[str], place: int, letter: str) -> None:
    text, proofs = texts[0], guards.tokens.proofs
    wrong = text[:place] + letter + text[place + 1 :]
    if wrong != text:
        assert guards.tokens.check(wrong, at(0)) is Denial.MISTYPED
    assert guards.tokens.proofs == proofs


def test_only_a_token_that_exists_costs_a_scrypt_and_that_after_a_minute_without_use(guard: Guard) -> None:
    made, tokens = make(guard), guard.tokens
    costs = []
    for text, ns in [
        (make_text(), 0),
        (made.text, 0),
        (made.text, 1),
        (forged(made.text), 2),
        (made.text, NS_PER_MINUTE),
        (made.text, 2 * NS_PER_MINUTE - 1),
        (made.text, 3 * NS_PER_MINUTE),
        (made.text, 3 * NS_PER_MINUTE + 1),
    ]:
        before = tokens.proofs
        tokens.check(text, at(ns))
        costs.append(tokens.proofs - before)
    assert costs == [0, 1, 0, 1, 0, 0, 1, 0]


def test_a_clock_that_is_set_back_lengthens_no_memory(guard: Guard) -> None:
    made = make(guard)
    guard.tokens.check(made.text, at(0))
    later = at(NS_PER_MINUTE)
    set_back = type(later)(later.wall_ns - DAY_NS, later.monotonic_ns)
    assert not guard.tokens.remembers(made.text, set_back)


def test_many_threads_that_come_at_once_cost_one_scrypt(guard: Guard) -> None:
    made = [make(guard, f"token{number}") for number in range(3)]
    with ThreadPoolExecutor(16) as pool:
        found = list(pool.map(lambda number: guard.check_token(made[number % 3].text, HERE, at(number)), range(600)))
    assert [token.name for token in found if isinstance(token, Token)] == [f"token{number % 3}" for number in range(600)]
    assert guard.tokens.proofs == 3


def test_threads_that_check_make_revoke_and_log_at_once(guard: Guard) -> None:
    lasting = make(guard, "lasting")

    def live(number: int) -> bool:
        made = make(guard, f"token{number}")
        session = guard.sessions.begin(made.token, NOW_NS)
        passed = isinstance(guard.check_token(made.text, HERE, at(number)), Token)
        passed &= guard.check_session(session.id, NOW_NS) is not None
        guard.tokens.revoke(made.token.id, ADMIN, NOW_NS)
        refused = guard.tokens.check(made.text, at(number)) is Denial.UNKNOWN
        refused &= guard.check_session(session.id, NOW_NS) is None
        return passed and refused and isinstance(guard.check_token(lasting.text, THERE, at(number)), Token)

    with ThreadPoolExecutor(12) as pool:
        assert all(pool.map(live, range(36)))
    assert [token.name for token in guard.tokens.listed()] == ["lasting"]
    assert len(guard.audit.entries(1000)) == 1 + 2 * 36


def test_one_that_was_revoked_never_passes_again(guard: Guard) -> None:
    made = make(guard, "door")
    assert isinstance(guard.tokens.check(made.text, at(0)), Token)
    assert guard.tokens.revoke("door", ADMIN, NOW_NS).id == made.token.id
    assert guard.tokens.check(made.text, at(1)) is Denial.UNKNOWN
    again = make(guard, "door")
    assert guard.tokens.check(made.text, at(2)) is Denial.UNKNOWN
    assert isinstance(guard.tokens.check(again.text, at(2)), Token)


def test_one_is_revoked_by_its_id_too_and_a_name_goes_before_an_id(guard: Guard) -> None:
    first = make(guard, "a")
    second = make(guard, first.token.id)
    assert guard.tokens.revoke(first.token.id, ADMIN, NOW_NS).id == second.token.id
    assert guard.tokens.revoke(first.token.id, ADMIN, NOW_NS).id == first.token.id
    with pytest.raises(Refusal, match=f"the name or the id of a token is wanted, found '{first.token.id}'"):
        guard.tokens.revoke(first.token.id, ADMIN, NOW_NS)


@pytest.mark.parametrize("name", ["", "a b", "a" * 65, "<b>", "a\n", "../a", "a\x00"], ids=repr)
def test_names_that_are_none(guard: Guard, name: str) -> None:
    with pytest.raises(Refusal, match="the name of a token is 1 to 64 letters"):
        make(guard, name)


def test_a_name_is_given_once_and_no_token_is_born_expired(guard: Guard) -> None:
    make(guard, "Küche-1.2_3")
    with pytest.raises(Refusal, match="a new name is wanted, but there is a token 'Küche-1.2_3'; revoke it first"):
        make(guard, "Küche-1.2_3")
    with pytest.raises(Refusal, match="must expire in the future"):
        make(guard, "late", expires_ns=NOW_NS)
    assert len(guard.tokens.listed()) == 1


def test_the_last_use_is_told_to_the_minute_and_written_once_in_it(guard: Guard) -> None:
    made = make(guard)
    seen = []
    for ns in (0, 1, 59 * NS_PER_S, 61 * NS_PER_S, 62 * NS_PER_S, 30 * NS_PER_S):
        guard.check_token(made.text, HERE, at(ns))
        seen.append((guard.tokens.listed()[0].last_used_ns - NOW_NS) // NS_PER_MINUTE)
    assert seen == [0, 0, 0, 1, 1, 1]


def test_after_five_failures_an_address_waits_and_another_does_not(guard: Guard) -> None:
    made = make(guard)
    for number in range(5):
        assert guard.check_token(forged(made.text), HERE, at(number)) is Denial.UNKNOWN
    assert guard.check_token(made.text, HERE, at(5)) == Pause(NS_PER_S - 1)
    assert guard.tokens.proofs == 5
    assert isinstance(guard.check_token(made.text, THERE, at(5)), Token)


def test_a_success_after_the_pause_clears_it(guard: Guard) -> None:
    made = make(guard)
    for number in range(5):
        guard.check_token(forged(made.text), HERE, at(number))
    assert isinstance(guard.check_token(made.text, HERE, at(2 * NS_PER_S)), Token)
    assert len(guard.attempts) == 0


@pytest.mark.parametrize("wrong", ["wrong", make_text()], ids=["mistyped", "unknown"])
def test_a_broken_client_neither_locks_out_its_neighbours_nor_is_it_let_off_by_them(guard: Guard, wrong: str) -> None:
    used, rare = make(guard, "used"), make(guard, "rare")
    refused = 0
    for second in range(240):
        now = at(second * NS_PER_S)
        if second % 2 == 0:
            guard.check_token(wrong, HERE, now)
        assert isinstance(guard.check_token(used.text, HERE, now), Token)
        if second % 100 == 99:
            assert isinstance(guard.check_token(rare.text, HERE, now), Token)
        refused += isinstance(guard.check_token(wrong, HERE, now), Pause)
    assert refused > 200
    assert guard.tokens.proofs == 1 + 2


def test_a_wrong_secret_makes_nobody_wait_who_uses_the_right_one(guard: Guard) -> None:
    made, other = make(guard, "made"), make(guard, "other")
    assert isinstance(guard.check_token(made.text, HERE, at(0)), Token)
    for second in range(1, 240):
        now = at(second * NS_PER_S)
        guard.check_token(forged(made.text), HERE, now)
        assert isinstance(guard.check_token(made.text, HERE, now), Token)
        assert isinstance(guard.check_token(other.text, HERE, now), Token)
    # Two good ones, and as many wrong ones as the pauses let through.
    assert guard.tokens.proofs < 20


def test_the_file_is_for_its_owner_only(guard: Guard, tmp_path: Path) -> None:
    make(guard)
    modes = {(path.name, stat.S_IMODE(path.stat().st_mode)) for path in tmp_path.iterdir()}
    assert modes == {(name, 0o600) for name in ("access.sqlite", "access.sqlite-shm", "access.sqlite-wal")}


def test_a_file_that_others_could_read_is_closed_to_them(tmp_path: Path) -> None:
    with Guard(tmp_path) as guard:
        make(guard)
    (tmp_path / "access.sqlite").chmod(0o644)
    with Guard(tmp_path) as guard:
        make(guard, "b")
    assert stat.S_IMODE((tmp_path / "access.sqlite").stat().st_mode) == 0o600


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give files away")
def test_what_root_makes_belongs_to_whom_the_folder_belongs(tmp_path: Path) -> None:
    os.chown(tmp_path, 65534, 65534)
    with Guard(tmp_path) as guard:
        make(guard)
        assert {(path.stat().st_uid, path.stat().st_gid) for path in tmp_path.iterdir()} == {(65534, 65534)}


def test_whoever_takes_the_file_away_takes_the_tokens_away(guard: Guard, tmp_path: Path) -> None:
    made = make(guard)
    (tmp_path / "access.sqlite").unlink()
    with pytest.raises(Refusal, match="cannot be read: No such file or directory"):
        guard.check_token(made.text, HERE, at(0))
    with Guard(tmp_path) as other:
        make(other, "new")
        with pytest.raises(Refusal, match="was replaced; nobody is let in until the service is started again"):
            guard.check_token(made.text, HERE, at(0))
        with pytest.raises(Refusal, match="was replaced"):
            make(guard, "more")


def test_a_file_that_is_no_database_or_of_another_time_is_refused(tmp_path: Path) -> None:
    (tmp_path / "access.sqlite").write_bytes(b"x" * 5000)
    with pytest.raises(Refusal, match="cannot be opened: file is not a database"):
        Guard(tmp_path)
    (tmp_path / "access.sqlite").unlink()
    with Guard(tmp_path) as guard, guard._database.writing() as connection:
        connection.execute("PRAGMA user_version = 99")
    with pytest.raises(Refusal, match="must have the schema 1, found 99"):
        Guard(tmp_path)


def test_a_folder_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(Refusal, match=r"the tokens in .* cannot be opened: Not a directory"):
        Guard(tmp_path / "file" / "data")


@pytest.fixture(scope="module")
def guards(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guard]:
    """One door for all examples of a property."""
    with Guard(tmp_path_factory.mktemp("site")) as opened:
        yield opened


@pytest.fixture(scope="module")
def texts(guards: Guard) -> list[str]:
    """Of tokens behind that door."""
    made = make(guards, "property")
    assert id_in(made.text) == made.token.id
    return [made.text]
