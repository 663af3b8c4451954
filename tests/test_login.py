"""Logins: taken out of addresses, kept in files that nobody else may read, and found there again."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from appliance.errors import Refusal
from appliance.login import MOST_BYTES, forget_login, keep_login, login_from, login_of, taken_out


@pytest.mark.parametrize(
    ("address", "parts"),
    [
        ("rtsp://me:word@gate/1", ("rtsp://gate/1", "me", "word")),
        ("rtsp://me:s3cret%3A%2F%40@gate:554/1?a=b@c", ("rtsp://gate:554/1?a=b@c", "me", "s3cret:/@")),
        ("http://me@gate", ("http://gate", "me", "")),
        ("rtsp://gate/1@2", ("rtsp://gate/1@2", "", "")),
        ("/videos/me:you@home.mp4", ("/videos/me:you@home.mp4", "", "")),
        ("0", ("0", "", "")),
        ("", ("", "", "")),
    ],
)
def test_a_login_is_taken_out_of_an_address(address: str, parts: tuple[str, str, str]) -> None:
    assert taken_out(address) == parts


def test_a_login_is_kept_for_this_user_alone_and_never_over_another_one(tmp_path: Path) -> None:
    folder = tmp_path / "data" / "secrets"
    first, second = keep_login(folder, "gate", "me:word"), keep_login(folder, "gate", "me:other")
    assert (first, second) == (f"file:{folder}/gate.login", f"file:{folder}/gate-2.login")
    assert (login_of(first), login_of(second)) == ("me:word", "me:other")
    assert stat.S_IMODE((folder / "gate.login").stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    forget_login(second)
    assert [path.name for path in folder.iterdir()] == ["gate.login"]


def test_where_it_cannot_be_kept_is_told_without_it(tmp_path: Path) -> None:
    (tmp_path / "secrets").touch()
    with pytest.raises(Refusal, match="the login cannot be kept in .*secrets") as refused:
        keep_login(tmp_path / "secrets", "gate", "me:word")
    assert "word" not in refused.value.sentence


def test_a_user_and_a_password_are_a_login() -> None:
    assert (login_from("me", "a:b"), login_from("me", ""), login_from("", "")) == ("me:a:b", "me:", "")
    for user, password in (("", "word"), ("a:b", "word"), ("me", "two\nlines")):
        with pytest.raises(Refusal):
            login_from(user, password)


def test_what_has_no_end_or_no_beginning_is_no_login(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "large").write_bytes(b"me:" + b"x" * MOST_BYTES)
    (tmp_path / "link").symlink_to("/dev/zero")
    for place, reason in {
        "/dev/zero": "which is no file",
        f"{tmp_path}/link": "which is no file",
        f"{tmp_path}/pipe": "which is no file",
        f"{tmp_path}": "which is no file",
        f"{tmp_path}/large": "of at most 4096 bytes, found more",
        f"{tmp_path}/gone": "No such file or directory",
        "a\0b": "found a zero byte",
    }.items():
        with pytest.raises(Refusal, match=reason):
            login_of(f"file:{place}")
    (tmp_path / "gate.login").write_text("me:word\nwhose it is\n")
    assert login_of(f"file:{tmp_path}/gate.login") == "me:word"
