"""The audit log: added to, never changed, bounded, without secrets."""

from __future__ import annotations

import pytest

from appliance.access.audit import MOST_BYTES, Actor, AuditEntry, Change
from appliance.access.guard import Guard
from appliance.access.tables import AUDIT_KEPT
from appliance.errors import Refusal
from tests.access.keeping import ADMIN, NOW_NS, make

ANNA = Actor("anna", "192.0.2.3")


def test_who_did_what_from_where_and_when(guard: Guard) -> None:
    change = Change("change line", "gate/entry", {"from": [0.1, 0.5]}, {"from": [0.2, 0.5], "note": "Tür – näher"})
    guard.audit.add(ANNA, change, NOW_NS)
    assert guard.audit.entries(10) == [AuditEntry(1, NOW_NS, ANNA, change)]


def test_making_and_revoking_a_token_is_in_it(guard: Guard) -> None:
    made = make(guard, "door")
    guard.tokens.revoke("door", ANNA, NOW_NS + 1)
    what = {"id": made.token.id, "role": "viewer", "expires_ns": None}
    assert guard.audit.entries(10) == [
        AuditEntry(2, NOW_NS + 1, ANNA, Change("revoke token", "door", before=what)),
        AuditEntry(1, NOW_NS, ADMIN, Change("create token", "door", after=what)),
    ]


def test_what_was_refused_is_not_in_it(guard: Guard) -> None:
    make(guard, "door")
    with pytest.raises(Refusal):
        make(guard, "door")
    with pytest.raises(Refusal):
        guard.tokens.revoke("window", ANNA, NOW_NS)
    assert len(guard.audit.entries(10)) == 1


def test_it_is_read_by_cursor_newest_first_while_it_grows(guard: Guard) -> None:
    for number in range(25):
        guard.audit.add(ANNA, Change("change", str(number)), NOW_NS)
    seen: list[str] = []
    before = None
    while page := guard.audit.entries(10, before):
        seen += [entry.change.subject for entry in page]
        before = page[-1].sequence
        guard.audit.add(ANNA, Change("change", "new"), NOW_NS)
    assert seen == [str(number) for number in reversed(range(25))]


def test_secrets_are_not_in_it_and_what_is_too_long_is_told_by_its_hash(guard: Guard) -> None:
    long = {"lines": ["x" * 100] * MOST_BYTES}
    guard.audit.add(ANNA, Change("change", "camera", {"source": "rtsp://u:hunter2@gate/1"}, long), NOW_NS)
    (entry,) = guard.audit.entries(1)
    assert entry.change.before == {"source": "rtsp://***@gate/1"}
    assert isinstance(entry.change.after, dict)
    assert sorted(entry.change.after) == ["sha256", "too_long_bytes"]


def test_only_the_newest_are_kept(guard: Guard) -> None:
    with guard._database.writing() as connection:
        connection.executemany(
            "INSERT INTO audit (time_ns, who, address, action, subject) VALUES (?, '', '', '', '')",
            ((number,) for number in range(AUDIT_KEPT)),
        )
    for number in range(3):
        guard.audit.add(ANNA, Change("change", str(number)), NOW_NS)
    with guard._database.reading() as connection:
        counted = connection.execute("SELECT COUNT(*), MIN(sequence), MAX(sequence) FROM audit").fetchone()
    assert counted == (AUDIT_KEPT, 4, AUDIT_KEPT + 3)


@pytest.mark.parametrize("statement", ["DELETE FROM audit", "UPDATE audit SET who = 'nobody'"])
def test_nobody_changes_the_past(guard: Guard, statement: str) -> None:
    guard.audit.add(ANNA, Change("change", "x"), NOW_NS)
    with (
        pytest.raises(Refusal, match="the audit log is only added to; nothing was changed"),
        guard._database.writing() as connection,
    ):
        connection.execute(statement)
    assert guard.audit.entries(1)[0].actor == ANNA
