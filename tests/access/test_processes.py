"""More than one process at the file: revoking beside a service, being killed, a disk that is full."""

from __future__ import annotations

import resource
import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from threading import Barrier

import pytest

from appliance.access.audit import Actor, Change
from appliance.access.database import FILE
from appliance.access.guard import Guard
from appliance.access.tokens import Denial, Token
from appliance.clock import NS_PER_MINUTE, NS_PER_S
from appliance.errors import Refusal
from tests.access.keeping import DAY_NS, NOW_NS, at, checking, creating, holding, make, revoking
from tests.processes import Peer
from tests.waiting import wait_until

HERE = "192.0.2.7"
HERE_ACTOR = Actor("root", HERE)


def test_what_another_process_revokes_never_passes_from_then_on(guard: Guard, tmp_path: Path) -> None:
    made = make(guard, "door")
    begun = guard.sessions.begin(made.token, NOW_NS)
    assert isinstance(guard.check_token(made.text, HERE, at(0)), Token)
    with Peer(revoking, tmp_path) as other:
        assert other.hear() == "ready"
        assert isinstance(guard.check_token(made.text, HERE, at(1)), Token)
        other.say("door")
        assert other.hear() == "door"
        assert guard.tokens.remembers(made.text, at(2))
        assert guard.check_token(made.text, HERE, at(2)) is Denial.UNKNOWN
        assert guard.check_session(begun.id, NOW_NS) is None
        assert not guard.tokens.remembers(made.text, at(2))


def test_another_process_says_the_same(guard: Guard, tmp_path: Path) -> None:
    good, late = make(guard, "good"), make(guard, "late", expires_ns=NOW_NS + DAY_NS)
    with Peer(checking, tmp_path) as other:
        assert other.hear() == "ready"
        new = make(guard, "new")
        for text, ns, found in [
            (good.text, 0, good.token),
            (new.text, 0, new.token),
            (late.text, 0, late.token),
            (late.text, DAY_NS, Denial.EXPIRED),
            (good.text[:-1], DAY_NS, Denial.MISTYPED),
        ]:
            other.say((text, ns))
            assert other.hear() == found
        guard.tokens.revoke("good", HERE_ACTOR, NOW_NS)
        other.say((good.text, 1))
        assert other.hear() is Denial.UNKNOWN


@pytest.mark.parametrize("tokens", range(6))
def test_one_that_is_killed_leaves_a_file_that_is_whole(tmp_path: Path, tokens: int) -> None:
    """Killed while it opens the file, and after so many tokens, in the middle of the next one."""
    with Peer(creating, tmp_path, "made") as other:
        wait_until("there is a file", (tmp_path / FILE).exists)
        told = [other.hear() for _ in range(tokens)]
        other.kill()
    with Guard(tmp_path) as guard:
        names = {token.name for token in guard.tokens.listed()}
        assert {f"made{number}" for number in range(tokens)} <= names
        assert len(guard.audit.entries(1000)) == len(names)
        for name, text in told:
            found = guard.check_token(text, HERE, at(0))
            assert isinstance(found, Token)
            assert found.name == name
        make(guard, "after")
    with sqlite3.connect(tmp_path / FILE) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    connection.close()


def test_many_processes_may_make_the_file_at_once(tmp_path: Path) -> None:
    with ExitStack() as stack:
        others = [stack.enter_context(Peer(creating, tmp_path, f"{letter}-")) for letter in "abcd"]
        told = [other.hear() for other in others for _ in range(3)]
    with Guard(tmp_path) as guard:
        kept = {token.name for token in guard.tokens.listed()}
        assert {name for name, _ in told} <= kept
        assert all(isinstance(guard.tokens.check(text, at(0)), Token) for _, text in told)


def test_a_new_file_may_be_opened_by_many_at_the_same_moment(tmp_path: Path) -> None:
    together = Barrier(6)

    def open_new(number: int) -> None:
        for folder in range(20):
            together.wait(60)
            with Guard(tmp_path / str(folder)) as guard:
                guard.audit.add(HERE_ACTOR, Change("open", str(number)), NOW_NS)

    with ThreadPoolExecutor(6) as pool:
        assert list(pool.map(open_new, range(6))) == [None] * 6


def test_while_another_writes_everybody_is_let_in(guard: Guard, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    made = make(guard)
    begun = guard.sessions.begin(made.token, NOW_NS)
    with Peer(holding, tmp_path) as other:
        assert other.hear() == "held"
        later_ns = 2 * NS_PER_MINUTE
        assert isinstance(guard.check_token(made.text, HERE, at(later_ns)), Token)
        assert isinstance(guard.check_token(made.text, HERE, at(later_ns + NS_PER_S)), Token)
        assert guard.check_session(begun.id, NOW_NS + later_ns) is not None
        assert guard.tokens.listed()[0].last_used_ns == 0
    notes = [record for record in caplog.records if "could not be noted" in record.message]
    assert len(notes) == 2
    assert isinstance(guard.check_token(made.text, HERE, at(4 * NS_PER_MINUTE)), Token)
    assert guard.tokens.listed()[0].last_used_ns == NOW_NS + 4 * NS_PER_MINUTE


@contextmanager
def no_room() -> Iterator[None]:
    """No file of this process can be written to, as on a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_on_a_full_disk_everybody_is_let_in_and_nothing_is_half_made(guard: Guard) -> None:
    made = make(guard)
    begun = guard.sessions.begin(made.token, NOW_NS)
    with no_room():
        assert isinstance(guard.check_token(made.text, HERE, at(0)), Token)
        assert guard.check_session(begun.id, NOW_NS + NS_PER_MINUTE) is not None
        assert guard.tokens.listed() == [made.token]
        with pytest.raises(Refusal, match=r"access.sqlite cannot be written: .*; nothing was changed"):
            make(guard, "more")
        with pytest.raises(Refusal, match="cannot be written"):
            guard.tokens.revoke("reporting", HERE_ACTOR, NOW_NS)
        assert isinstance(guard.check_token(made.text, HERE, at(1)), Token)
    make(guard, "more")
    assert [token.name for token in guard.tokens.listed()] == ["more", "reporting"]
    assert len(guard.audit.entries(10)) == 2
