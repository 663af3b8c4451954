"""The one error that is meant for people."""

from __future__ import annotations


class Refusal(Exception):
    """Something cannot work; the text is one clear sentence that names what was wanted and what was found.

    ``usage`` is true where the command or its configuration is wrong (exit code 2) and false where the job failed (exit code 1).
    """

    def __init__(self, sentence: str, *, usage: bool = False) -> None:
        self.sentence = encodable(sentence)
        super().__init__(self.sentence)
        self.usage = usage


def in_a_sentence(error: Exception) -> str:
    """What went wrong."""
    return error.sentence if isinstance(error, Refusal) else encodable(" ".join(str(error).split()))


def encodable(text: str) -> str:
    """The text as any wire, file or terminal takes it: half a pair of characters is written out, as in ``\\ud800``."""
    return text.encode("utf-8", "backslashreplace").decode()
