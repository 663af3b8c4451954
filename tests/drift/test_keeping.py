"""What is usual is kept on disk: whole or not at all, and never in the way."""

from __future__ import annotations

from pathlib import Path

import pytest

from appliance.config import DriftSettings
from appliance.drift.book import VERSION, Book, ObjectBook, PictureBook, as_bytes, object_book, picture_book
from appliance.drift.keeping import PICTURES, Shelf
from tests.waiting import wait_until


def test_what_is_kept_is_read_again(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path / "data" / "baselines")
    assert shelf.read("gate", PICTURES) == b""
    for number in range(200):
        shelf.keep("gate", PICTURES, b"%d" % number)
        shelf.keep("gate", "a" * 64, b"model")
        shelf.keep("yard", PICTURES, b"other")
    wait_until("the newest is there", lambda: shelf.read("gate", PICTURES) == b"199")
    wait_until("the others, too", lambda: (shelf.read("gate", "a" * 64), shelf.read("yard", PICTURES)) == (b"model", b"other"))
    wait_until("nothing else is left", lambda: {path.suffix for path in tmp_path.rglob("*") if path.is_file()} == {""})


def test_a_disk_that_takes_nothing_is_told_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "baselines").write_text("not a folder")
    shelf = Shelf(tmp_path / "baselines")
    shelf.keep("gate", PICTURES, b"1")
    wait_until("it is told", lambda: "what is usual for a camera cannot be kept" in caplog.text)
    shelf.keep("gate", PICTURES, b"2")
    shelf.keep("gate", "a" * 64, b"2")
    wait_until("nothing is kept", lambda: shelf.read("gate", "a" * 64) == shelf.read("gate", PICTURES) == b"")
    assert caplog.text.count("cannot be kept") == 1


@pytest.mark.parametrize("share", [0, 0.01, 0.5, 0.99])
def test_what_was_cut_off_is_as_none(share: float) -> None:
    for book, read in ((PictureBook(), picture_book), (ObjectBook(), object_book)):
        content = as_bytes(book)
        assert read(content) is not None
        assert read(content[: int(len(content) * share)]) is None


def test_what_is_of_another_version_or_kind_is_as_none() -> None:
    assert picture_book(as_bytes(PictureBook(version=VERSION + 1))) is None
    assert picture_book(b"\xc1" * 100) is None
    assert DriftSettings().enabled
    assert isinstance(picture_book(as_bytes(PictureBook())), Book)
