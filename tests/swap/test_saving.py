"""A kept model on its way into the site's file: there, or tried again, and told."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from appliance.configuration.files import SiteFile
from appliance.configuration.reading import etag_of
from appliance.configuration.revisions import Revision, Revisions
from appliance.configuration.store import FILE_NAME, ConfigurationStore
from appliance.messages.questions import Answer
from appliance.swap.saving import AGAIN_NS, Kept, Saving, Settled
from tests.configuration.asking import Asked, summaries
from tests.waiting import wait_until

# Where this file says that its revisions are, nothing can be.
TEXT = "cameras: []  # none yet\ndetector: {model: before}\ndata_dir: /proc/nowhere\n"
KEPT = Kept("after@2", "anna")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "site.yaml"
    path.write_text(TEXT)
    return path


@pytest.fixture
def saving(path: Path, tmp_path: Path) -> Iterator[Saving]:
    saving = Saving(path, tmp_path / "data", Asked(path))
    yield saving
    saving.close()


def ended(saving: Saving, now_ns: int) -> bool:
    saving.look(now_ns)
    return not saving.is_trying


def test_it_stands_in_the_file_with_its_author(saving: Saving, path: Path, tmp_path: Path) -> None:
    saving.begin(KEPT, 0)
    wait_until("it is written", lambda: ended(saving, 0))
    assert (saving.problem, path.read_text()) == ("", TEXT.replace("before", "after@2"))
    [newest, _] = ConfigurationStore(path, tmp_path / "data").history()
    assert newest.author == "anna"


def test_what_cannot_be_written_is_told_and_tried_again(saving: Saving, path: Path, tmp_path: Path) -> None:
    (tmp_path / "data" / FILE_NAME).mkdir(parents=True)
    saving.begin(KEPT, 0)
    wait_until("it has failed", lambda: ended(saving, 0))
    assert "does not name it yet, and is tried again: the revisions" in saving.problem
    (tmp_path / "data" / FILE_NAME).rmdir()
    saving.look(AGAIN_NS - 1)
    assert path.read_text() == TEXT
    wait_until("it is written", lambda: ended(saving, AGAIN_NS) and not saving.problem)
    assert "after@2" in path.read_text()


def test_a_newer_one_takes_its_place(saving: Saving, path: Path, tmp_path: Path) -> None:
    with SiteFile(path).alone():
        saving.begin(KEPT, 0)
        saving.begin(Kept("newest", "otto"), 0)
    wait_until("it is written", lambda: ended(saving, 0))
    assert (saving.problem, path.read_text()) == ("", TEXT.replace("before", "newest"))


def test_what_somebody_has_left_is_asked_of_the_machine_first(path: Path, tmp_path: Path) -> None:
    store = ConfigurationStore(path, tmp_path / "data")
    store.heal()
    content = TEXT.replace("# none yet", "# nobody knows").encode()
    with Revisions(tmp_path / "data" / FILE_NAME, path) as revisions:
        revisions.announce(Revision(2, 0, "otto", "a change", etag_of(content)), TEXT.encode(), content)
    path.write_bytes(content)
    saving = Saving(path, tmp_path / "data", Asked(path, Answer(False, "no")))
    saving.begin(KEPT, 0)
    wait_until("it is written", lambda: ended(saving, 0))
    saving.close()
    assert path.read_text() == TEXT.replace("before", "after@2")
    assert summaries(store) == ["as it was found", "detector.model"]


def test_what_somebody_has_written_meanwhile_stays(saving: Saving, path: Path) -> None:
    settled: list[Settled] = []

    def is_settled() -> bool:
        settled.extend(filter(None, [saving.look(0)]))
        return bool(settled)

    path.write_text(TEXT.replace("before", "mine"))
    saving.begin(Kept("after@2", "anna", 1, frozenset({"before"})), 0)
    wait_until("it is settled", is_settled)
    assert (settled[0].step, "names mine since somebody changed it" in saving.problem) == ("overruled", True), settled
    assert (path.read_text(), saving.is_trying) == (TEXT.replace("before", "mine"), False)
    # The next one has been wanted after that.
    settled.clear()
    saving.begin(Kept("newest", "otto", 2, frozenset({saving.in_file()})), 0)
    wait_until("it is settled", is_settled)
    assert (settled[0].step, saving.in_file()) == ("written", "newest")
