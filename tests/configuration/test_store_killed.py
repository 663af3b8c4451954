"""Writers that are killed at any moment, and several at once: file and revisions are one."""

from __future__ import annotations

from contextlib import suppress
from multiprocessing.connection import Connection
from pathlib import Path

import pytest

from appliance.configuration import changes
from appliance.configuration.reading import etag_of
from appliance.configuration.refusals import Missing
from appliance.configuration.revisions import MOST_KEPT, Revision, Revisions
from appliance.configuration.store import FILE_NAME, ConfigurationStore, Wish
from appliance.messages.questions import Answer
from tests.configuration.asking import Asked, only_the_file, summaries
from tests.configuration.sites import TEXT
from tests.processes import Peer
from tests.waiting import wait_until

LIVES = 12


def change_for_ever(pipe: Connection, path: Path, data_dir: Path, name: str) -> None:
    """Change the site's name again and again, and tell of each change that is done."""
    store = ConfigurationStore(path, data_dir)
    number = 0
    while True:
        number += 1
        outcome = store.change(changes.set_value("site", f"{name}_{number}"), Wish(name, ask=lambda request: Answer(True, "")))
        pipe.send(outcome.revision and outcome.revision.number)


def rest_of(writer: Peer) -> list[int]:
    """What somebody who is dead has said before."""
    said: list[int] = []
    with suppress(EOFError):
        while True:
            said.append(writer.hear())
    return said


def assert_together(store: ConfigurationStore, path: Path) -> list[Revision]:
    """File and revisions are one, and each revision goes on from the one before."""
    store.heal()
    revisions = store.history(MOST_KEPT)
    assert revisions[0].etag == etag_of(path.read_bytes()) == store.read().etag
    assert only_the_file(path)
    assert [revision.number for revision in revisions] == list(range(len(revisions), 0, -1))
    return revisions


def test_a_writer_that_is_killed_at_any_moment_leaves_file_and_revisions_together(
    store: ConfigurationStore, path: Path, tmp_path: Path
) -> None:
    done = 1
    for life in range(LIVES):
        with Peer(change_for_ever, path, tmp_path / "data", f"life{life}") as writer:
            told = [writer.hear()]
            if life % 2:
                text = path.read_text()
                wait_until("another change", lambda: path.read_text() != text)  # noqa: B023  # asked here and now
            else:
                told += [writer.hear() for _ in range(life)]
            writer.kill()
            told += rest_of(writer)
        revisions = assert_together(store, path)
        assert not any(revision.summary.startswith("edited") for revision in revisions), "nobody edited anything"
        assert len(revisions) - max(told) in (0, 1), "what was told is there, and at most one more was under way"
        assert max(told) > done
        done = max(told)


def test_two_writers_at_once_lose_nothing(store: ConfigurationStore, path: Path, tmp_path: Path) -> None:
    with Peer(change_for_ever, path, tmp_path / "data", "a") as one, Peer(change_for_ever, path, tmp_path / "data", "b") as two:
        told = [one.hear() for _ in range(8)] + [two.hear() for _ in range(8)]
        one.kill()
        two.kill()
    assert len(set(told)) == 16, "each has a number of its own"
    revisions = assert_together(store, path)
    assert {"a", "b"} <= {revision.author for revision in revisions}
    assert {store.revision(number).former == store.revision(number - 1).content for number in range(2, len(revisions) + 1)} == {
        True
    }


@pytest.mark.parametrize(
    ("is_written", "answers", "is_new"),
    [
        pytest.param(False, [], False, id="killed before the file"),
        pytest.param(True, [Answer(True, "")], True, id="after it, and the machine agrees"),
        pytest.param(True, [None], True, id="after it, and there is no machine any more"),
        pytest.param(True, [Answer(False, "no")], False, id="after it, and the machine refuses"),
    ],
)
def test_what_a_killed_writer_began_is_finished(
    store: ConfigurationStore, path: Path, tmp_path: Path, is_written: bool, answers: list[Answer | None], is_new: bool
) -> None:
    store.heal()
    content = TEXT.replace("site: north", "site: south").encode()
    with Revisions(tmp_path / "data" / FILE_NAME, path) as revisions:
        revisions.announce(Revision(2, 0, "anna", "site", etag_of(content)), TEXT.encode(), content)
    path.with_name(f".{path.name}.new").write_bytes(content[:9])
    path.with_name(f".{path.name}.former").write_bytes(TEXT.encode())
    if is_written:
        path.write_bytes(content)
    # Who only looks cannot know whether the machine has heard of it.
    assert summaries(store) == ["as it was found"]
    store.put(TEXT, Wish(is_dry=True))
    with suppress(Missing):
        store.revision(2)
    store.heal(Asked(path, *answers))
    assert summaries(store) == ["as it was found", *(["site"] if is_new else [])]
    assert path.read_bytes() == (content if is_new else TEXT.encode())
    assert_together(store, path)
