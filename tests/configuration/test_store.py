"""The file of a site, its revisions and its machine: they never differ, whatever happens."""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path

import pytest

from appliance.configuration import changes
from appliance.configuration.changes import Change
from appliance.configuration.reading import etag_of
from appliance.configuration.refusals import Faulty, MachineRefused, Missing, NoAnswer, Stale, Taken
from appliance.configuration.revisions import MOST_KEPT, Revision, Revisions
from appliance.configuration.store import FILE_NAME, ConfigurationStore, Wish
from appliance.errors import Refusal
from appliance.messages.questions import Answer, Request
from tests.configuration.asking import Asked, only_the_file, summaries
from tests.configuration.sites import A_LINE, TEXT, a_camera
from tests.processes import Peer
from tests.yaml_bombs import BOMBS

NORTH, SOUTH = changes.set_value("site", "north2"), changes.set_value("site", "south")


def test_a_change_is_written_and_recorded(store: ConfigurationStore, path: Path) -> None:
    before = store.read()
    outcome = store.change(changes.set_value("cameras.gate.preview_px", 320), Wish("anna", before.etag))
    assert outcome.configuration == store.read()
    assert outcome.configuration.settings.cameras[0].preview_px == 320
    assert outcome.configuration.etag == etag_of(path.read_bytes()) != before.etag
    kept = store.revision(2)
    assert (kept.revision, kept.former.decode(), kept.content) == (outcome.revision, TEXT, path.read_bytes())
    assert (kept.revision.author, kept.revision.summary) == ("anna", "camera gate: preview_px")
    assert "+    preview_px: 320\n" in kept.diff
    assert summaries(store) == ["as it was found", "camera gate: preview_px"]
    assert only_the_file(path)


@pytest.mark.parametrize(
    ("change", "kind", "says"),
    [
        pytest.param(changes.set_value("speed", 3), Faulty, "the change: 'speed' is not a known setting", id="unknown"),
        pytest.param(changes.patch("cameras.gate", {"speed": 3}), Faulty, "'cameras.0.speed' is not a known", id="unknown below"),
        pytest.param(changes.set_value("detector.confidence", 2), Faulty, "'detector.confidence'.* found 2", id="too much"),
        pytest.param(changes.remove_value("detector"), Faulty, "'detector' is missing", id="a section that must be"),
        pytest.param(changes.add_camera(a_camera("gate")), Taken, "'cameras' has 'gate' already", id="taken"),
        pytest.param(changes.replace_camera("gate", a_camera("yard")), Taken, "has 'yard' already", id="renamed to one"),
        pytest.param(changes.remove_camera("roof"), Missing, "no 'roof' among the 2 items", id="no such camera"),
        pytest.param(changes.replace_line("gate", "exit", A_LINE), Missing, "no 'exit' among the 1", id="no such line"),
        pytest.param(changes.remove_zone("gate", "exit"), Missing, "gate.zones.exit", id="no zones at all"),
        pytest.param(changes.set_value("a..b", 1), Missing, "found 'a..b'", id="no place"),
        pytest.param(changes.set_value("site.x", 1), Missing, "'site' is a value", id="below a value"),
        pytest.param(
            changes.patch("cameras.gate", {"source": "rtsp://a:b@c/"}), Faulty, "a password does not belong", id="password"
        ),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_changes(
    store: ConfigurationStore, path: Path, change: Change, kind: type[Refusal], says: str
) -> None:
    with pytest.raises(kind, match=says) as refusal:
        store.change(change)
    assert "\n" not in refusal.value.sentence
    assert path.read_text() == TEXT
    assert summaries(store) == ["as it was found"]


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(changes.set_value("cameras.gate.lines.entry.classes", ["\ud800"]), id="a class"),
        pytest.param(changes.patch("cameras.gate", {"\ud800": "\udfff"}), id="a setting"),
        pytest.param(changes.add_camera(a_camera("\ud800")), id="a name"),
    ],
)
def test_half_a_character_is_refused_in_words_that_can_be_sent(store: ConfigurationStore, path: Path, change: Change) -> None:
    with pytest.raises(Faulty) as refusal:
        store.change(change)
    fault = refusal.value.faults[0]
    assert all(text.encode() for text in (refusal.value.sentence, fault.place, fault.reason))
    assert path.read_text() == TEXT


def test_all_faults_of_a_change_are_told_with_their_places(store: ConfigurationStore) -> None:
    with pytest.raises(Faulty) as refusal:
        store.change(changes.patch("", {"speed": 3, "slots": 1, "detector": {"model": None}}))
    assert {fault.place for fault in refusal.value.faults} == {"speed", "slots", "detector.model"}


@pytest.mark.parametrize(
    ("content", "line", "column", "says"),
    [
        pytest.param(TEXT.replace("site: north", "site: [north"), 4, 8, "YAML is wanted", id="not closed"),
        pytest.param(TEXT.replace("    source:   gate", "\tsource:   gate"), 7, 1, "YAML is wanted", id="a tab"),
        pytest.param(TEXT.replace("  confidence", "  speed: 3\n  confidence"), 21, 3, "'detector.speed' is not", id="unknown"),
        pytest.param(TEXT.replace("1.0,  0.7", "1.5,  0.7"), 11, 14, "found 1.5", id="outside"),
        pytest.param(TEXT.replace("    source: yard.mp4\n", ""), 16, 5, "'cameras.1.source' is missing", id="missing"),
        pytest.param(TEXT.encode().replace(b"Anna", b"Ren\xe9"), 1, 20, "text in UTF-8 is wanted", id="Latin-1"),
        pytest.param("", 1, 1, "found nothing", id="empty"),
        pytest.param("[" * 3000, 1, 51, "nested too deeply", id="too deep"),
        pytest.param(TEXT.replace("car, bus", '"\\uD800"'), 12, 19, "written as UTF-8 is wanted", id="half a character"),
        pytest.param("#" * 1_000_001, 0, 0, "at most 1000000 bytes are wanted, found 1000001", id="too large"),
    ],
)
def test_a_faulty_file_is_refused_with_line_and_column(
    store: ConfigurationStore, path: Path, content: str | bytes, line: int, column: int, says: str
) -> None:
    store.heal()
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    for attempt in (store.read, lambda: store.change(NORTH)):
        with pytest.raises(Faulty, match=says) as refusal:
            attempt()
        fault = refusal.value.faults[0]
        assert (fault.line, fault.column) == (line, column)
        assert f"(line {line}, column {column})" in refusal.value.sentence or not line
    assert summaries(store) == ["as it was found"]
    store.roll_back(1)
    assert path.read_text() == TEXT
    assert store.revision(2).former == (content if isinstance(content, bytes) else content.encode()), "nothing is lost"


@pytest.mark.parametrize(("text", "says"), BOMBS.values(), ids=BOMBS.keys())
def test_a_text_that_stands_for_more_than_fits_is_refused(store: ConfigurationStore, path: Path, text: str, says: str) -> None:
    with pytest.raises(Faulty, match=f"YAML is wanted, found a fault: {says}") as refusal:
        store.put(text)
    assert refusal.value.faults[0].line
    assert path.read_text() == TEXT


def test_who_has_read_something_older_is_refused(store: ConfigurationStore, path: Path) -> None:
    etag = store.read().etag
    store.change(NORTH, Wish(if_match=etag))
    attempts: list[Callable[[Wish], object]] = [
        lambda wish: store.change(SOUTH, wish),
        lambda wish: store.put(TEXT, wish),
        lambda wish: store.roll_back(1, wish),
    ]
    for attempt in attempts:
        with pytest.raises(Stale, match="changed meanwhile"):
            attempt(Wish(if_match=etag))
    assert store.read().settings.site == "north2"


def test_rolling_back_is_a_new_revision(store: ConfigurationStore, path: Path) -> None:
    store.change(NORTH)
    store.change(SOUTH)
    assert store.roll_back(2).configuration.settings.site == "north2"
    store.roll_back(1)
    assert path.read_text() == TEXT
    assert summaries(store) == ["as it was found", "site", "site", "back to revision 2: site", "back to revision 1: site"]
    assert [revision.number for revision in store.history(2, before=4)] == [3, 2]
    with pytest.raises(Missing, match="revision 9 is wanted.* the newest is 5"):
        store.roll_back(9)


def test_what_is_there_already_is_no_revision(store: ConfigurationStore, path: Path) -> None:
    assert store.put(TEXT).revision is None
    assert store.change(changes.set_value("site", "north")).revision is None
    assert summaries(store) == ["as it was found"]


def test_a_dry_run_tells_and_changes_nothing(store: ConfigurationStore, path: Path) -> None:
    asked = Asked(path, Answer(True, "changed"), Answer(False, "only cameras may change"), None)
    outcome = store.change(NORTH, Wish(is_dry=True, ask=asked))
    assert (outcome.revision, outcome.summary, outcome.configuration.settings.site) == (None, "site", "north2")
    assert "+site: north2\n" in outcome.diff
    assert asked.seen == [outcome.configuration.text]
    for kind, says in ((MachineRefused, "only cameras may change"), (NoAnswer, "has not answered in time")):
        with pytest.raises(kind, match=says):
            store.change(NORTH, Wish(is_dry=True, ask=asked))
    assert path.read_text() == TEXT
    assert summaries(store) == ["as it was found"]


def test_a_file_that_was_edited_by_hand_is_a_revision(store: ConfigurationStore, path: Path) -> None:
    store.change(NORTH)
    by_hand = path.read_text().replace("yard.mp4", "back.mp4").replace("north2", "north")
    path.write_text(by_hand)
    assert summaries(store)[-1].startswith("edited by hand: ")
    store.change(SOUTH, Wish("anna"))
    assert [store.revision(number).content.decode() for number in (1, 3)] == [TEXT, by_hand]


def test_the_machine_is_asked_with_the_new_file(store: ConfigurationStore, path: Path) -> None:
    asked = Asked(path, Answer(True, "changed"))
    store.change(NORTH, Wish(ask=asked))
    assert asked.seen == [path.read_text()] != [TEXT]
    assert only_the_file(path)


@pytest.mark.parametrize(
    ("answers", "kind", "asked_again"),
    [
        pytest.param([Answer(False, "only cameras may change")], MachineRefused, False, id="it refuses"),
        pytest.param([None, Answer(True, "")], NoAnswer, True, id="it says nothing"),
        pytest.param([None, None], NoAnswer, True, id="it says nothing at all"),
        pytest.param([ConnectionError(), Answer(True, "")], ConnectionError, True, id="it cannot be reached"),
        pytest.param([KeyboardInterrupt(), Answer(True, "")], KeyboardInterrupt, True, id="broken off"),
    ],
)
def test_what_the_machine_does_not_become_is_not_in_the_file(
    store: ConfigurationStore,
    path: Path,
    answers: list[Answer | None | BaseException],
    kind: type[BaseException],
    asked_again: bool,
) -> None:
    was, asked = path.stat(), Asked(path, *answers)
    with pytest.raises(kind):
        store.change(NORTH, Wish(ask=asked))
    assert path.read_text() == TEXT
    assert (path.stat().st_ino, path.stat().st_mtime_ns) == (was.st_ino, was.st_mtime_ns), "it is the former file itself"
    assert len(asked.seen) == 1 + asked_again
    assert asked.seen[-1] == TEXT or not asked_again, "and the machine goes back to it"
    assert summaries(store) == ["as it was found"]
    assert only_the_file(path)


@pytest.mark.parametrize("is_replaced", [False, True], ids=["written into", "replaced"])
def test_what_somebody_writes_meanwhile_stays(store: ConfigurationStore, path: Path, is_replaced: bool) -> None:
    by_hand = TEXT.replace("site: north", "site: by_hand")

    def refuse(request: Request) -> Answer:
        (path.with_name("editor") if is_replaced else path).write_text(by_hand)
        if is_replaced:
            path.with_name("editor").replace(path)
        return Answer(False, "no")

    with pytest.raises(MachineRefused):
        store.change(SOUTH, Wish("anna", ask=refuse))
    assert path.read_text() == by_hand
    assert summaries(store) == ["as it was found", "edited by hand: site"]
    assert only_the_file(path)


def test_a_file_that_is_gone_meanwhile_is_there_again(store: ConfigurationStore, path: Path) -> None:
    def refuse(request: Request) -> Answer:
        path.unlink()
        return Answer(False, "no")

    with pytest.raises(MachineRefused):
        store.change(SOUTH, Wish(ask=refuse))
    assert path.read_text() == TEXT


def test_a_link_stays_a_link_and_permissions_stay(store: ConfigurationStore, path: Path, tmp_path: Path) -> None:
    link = tmp_path / "link.yaml"
    link.symlink_to(os.path.relpath(path, tmp_path))
    path.chmod(0o640)
    by_link = ConfigurationStore(link, tmp_path / "data")
    by_link.change(NORTH)
    assert link.is_symlink()
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert store.history() == by_link.history(), "it is one file"
    if os.getuid() == 0:
        os.chown(path, 1234, 2345)
        by_link.change(SOUTH)
        assert (path.stat().st_uid, path.stat().st_gid) == (1234, 2345)


def test_two_sites_that_share_a_folder_have_revisions_of_their_own(store: ConfigurationStore, path: Path, tmp_path: Path) -> None:
    other = ConfigurationStore(Path(shutil.copy(path, path.with_name("other.yaml"))), tmp_path / "data")
    other.change(NORTH)
    store.change(SOUTH)
    assert (len(store.history()), len(other.history())) == (2, 2)
    assert store.revision(2).content != other.revision(2).content


def without_rights(pipe: Connection, path: Path, data_dir: Path) -> None:
    """As a user who may not write beside the file, in a process of its own."""
    if os.getuid() == 0:
        os.setgroups([])
        os.setgid(65534)
        os.setuid(65534)
    try:
        ConfigurationStore(path, data_dir).change(NORTH)
    except Refusal as refusal:
        pipe.send(refusal.sentence)


def test_a_folder_that_cannot_be_written_is_refused_in_one_sentence(path: Path, tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    data.chmod(0o777)
    path.parent.chmod(0o555)
    opened = [folder for folder in tmp_path.parents if folder.owner() != "root" or not folder.stat().st_mode & 0o001]
    modes = {folder: folder.stat().st_mode for folder in opened}
    try:
        for folder in opened:
            folder.chmod(modes[folder] | 0o055)
        tmp_path.chmod(0o755)
        with Peer(without_rights, path, data) as peer:
            sentence = peer.hear()
    finally:
        path.parent.chmod(0o755)
        for folder, mode in modes.items():
            folder.chmod(stat.S_IMODE(mode))
    assert sentence == (
        f"the configuration {path} cannot be written: a new file must be made in {path.parent}, with the same owner,"
        " which is not permitted"
    )
    assert path.read_text() == TEXT


@pytest.mark.parametrize("content", [b"no database", b""])
def test_revisions_that_are_none_are_refused_or_made(
    store: ConfigurationStore, path: Path, tmp_path: Path, content: bytes
) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / FILE_NAME).write_bytes(content)
    if content:
        with pytest.raises(Refusal, match="the revisions .* cannot be opened: file is not a database"):
            store.change(NORTH)
        assert path.read_text() == TEXT
    else:
        store.change(NORTH)


def test_only_the_newest_revisions_are_kept(tmp_path: Path) -> None:
    with Revisions(tmp_path / FILE_NAME, Path("a")) as revisions, Revisions(tmp_path / FILE_NAME, Path("b")) as others:
        others.record(Revision(1, 0, "", "", ""), b"", b"")
        for number in (1, 2, 3, MOST_KEPT + 1):
            revisions.record(Revision(number, 0, "", "", ""), b"", b"")
        assert revisions.next_number() == MOST_KEPT + 2
        revisions.announce(Revision(MOST_KEPT + 2, 0, "", "", ""), b"", b"")
        assert [revision.number for revision in revisions.listed()] == [MOST_KEPT + 1, 3, 2]
        revisions.confirm(MOST_KEPT + 2)
        assert [revision.number for revision in revisions.listed()] == [MOST_KEPT + 2, MOST_KEPT + 1, 3]
        assert [revision.number for revision in others.listed()] == [1]


def test_a_store_needs_no_folder_where_the_file_names_one(path: Path, tmp_path: Path) -> None:
    path.write_text(TEXT.replace("data_dir: data", f"data_dir: {tmp_path / 'here'}"))
    ConfigurationStore(path).change(NORTH)
    assert (tmp_path / "here" / FILE_NAME).exists()
    path.write_text("site: [")
    with pytest.raises(Faulty, match="line 1"):
        ConfigurationStore(path)
