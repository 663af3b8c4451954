"""A machine that answers as a test says, and what is left of a change."""

from __future__ import annotations

from pathlib import Path

from appliance.configuration.store import ConfigurationStore
from appliance.messages.questions import Answer, Request


class Asked:
    """What a machine was asked, with the file as it was then, and what it answers."""

    def __init__(self, path: Path, *answers: Answer | None | BaseException) -> None:
        self._path, self._answers = path, list(answers)
        self.seen: list[str] = []

    def __call__(self, request: Request) -> Answer | None:
        self.seen.append(request.text if request.is_trial else self._path.read_text())
        answer = self._answers.pop(0)
        if isinstance(answer, BaseException):
            raise answer
        return answer


def summaries(store: ConfigurationStore) -> list[str]:
    return [revision.summary for revision in reversed(store.history())]


def only_the_file(path: Path) -> bool:
    return [found.name for found in path.parent.iterdir()] == [path.name]
