"""The one error that is meant for people."""

from __future__ import annotations


class Refusal(Exception):
    """Something cannot work; the text is one clear sentence that names what was wanted and what was found.

    ``usage`` is true where the command or its configuration is wrong (exit code 2) and false where the job failed (exit code 1).
    """

    def __init__(self, sentence: str, *, usage: bool = False) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.usage = usage
