"""Functions of the tests in real processes of their own, with a pipe to talk to them; in the end they are gone."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path
from types import TracebackType
from typing import Any

SPAWN = multiprocessing.get_context("spawn")


class Peer:
    """A process that runs ``target(pipe, *arguments)``. Use as a context."""

    def __init__(self, target: Callable[..., None], *arguments: object) -> None:
        self._pipe, theirs = SPAWN.Pipe()
        self._process = SPAWN.Process(target=target, args=(theirs, *arguments), daemon=True)
        self._process.start()
        theirs.close()

    def __enter__(self) -> Peer:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.kill()
        self._pipe.close()

    @property
    def pid(self) -> int:
        """The process's."""
        assert self._process.pid is not None  # it was started
        return self._process.pid

    def say(self, word: object) -> None:
        """Send something that its ``pipe.recv`` waits for."""
        self._pipe.send(word)

    def hear(self, deadline_s: float = 60.0) -> Any:
        """The next thing that it sends."""
        assert self._pipe.poll(deadline_s), f"process {self.pid} says nothing"
        return self._pipe.recv()

    def hear_all(self) -> list[Any]:
        """All that it has sent so far, at least one thing."""
        words = [self.hear()]
        while self._pipe.poll():
            words.append(self._pipe.recv())
        return words

    def kill(self) -> None:
        """As ``kill -9`` does; returns when it is gone."""
        self._process.kill()
        self._process.join()


def is_stopped(pid: int) -> bool:
    """Whether it stands still, as after SIGSTOP."""
    return Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()[0] == b"T"


def until_told(pipe: Connection) -> None:
    """Stay alive as long as nothing comes."""
    pipe.recv()
