"""What TensorRT says of what went wrong: it answers with nothing, or with False, and tells the reason to whoever listens."""

from __future__ import annotations

import re
from collections import deque
from threading import Lock
from typing import Any

from appliance.detect.detector import MOST_WORDS
from appliance.detect.tensorrt_api import TensorRt

MOST_KEPT = 20
# Of ILogger.Severity: an internal error, and an error. Their numbers are those of TensorRT's C++ interface.
LOUDEST = 1
# As it says that there was no room on the GPU.
NO_ROOM = re.compile(r"out ?of ?memory|insufficient workspace", re.IGNORECASE)


class Words:
    """The last complaints, of whatever thread."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._errors: deque[tuple[Any, str]] = deque(maxlen=MOST_KEPT)
        self._has_overflowed = False
        self._said: deque[str] = deque(maxlen=MOST_KEPT)

    def report(self, code: Any, sentence: str) -> bool:
        """Of an error recorder: one more; whether all that goes on must end."""
        with self._lock:
            self._has_overflowed |= len(self._errors) == MOST_KEPT
            self._errors.append((code, sentence))
        return False

    def say(self, severity: Any, sentence: str) -> None:
        """Of a logger."""
        if int(severity) <= LOUDEST:
            with self._lock:
                self._said.append(sentence)

    def errors(self) -> list[tuple[Any, str]]:
        """Of an error recorder."""
        with self._lock:
            return list(self._errors)

    def has_overflowed(self) -> bool:
        """Whether some were dropped."""
        return self._has_overflowed

    def clear(self) -> None:
        """Of an error recorder."""
        with self._lock:
            self._errors.clear()
            self._has_overflowed = False

    def forget(self) -> None:
        """What was said came to nothing."""
        self._said.clear()

    def take(self) -> str:
        """The first reason since this was last asked, on one line: what comes behind it mostly follows from it."""
        with self._lock:
            told = [sentence for _, sentence in self._errors] or list(self._said)
            self._errors.clear()
            self._said.clear()
            self._has_overflowed = False
        text = " ".join(told[0].split()) if told else "it does not say why"
        return text if len(text) <= MOST_WORDS else text[:MOST_WORDS] + " …"


def logger_of(trt: TensorRt, words: Words) -> Any:
    """A logger that tells these words; TensorRT has it for as long as anything of its own lives."""

    def begin(self: Any) -> None:
        trt.ILogger.__init__(self)

    def log(self: Any, severity: Any, msg: str) -> None:
        words.say(severity, msg)

    return type("Logger", (trt.ILogger,), {"__init__": begin, "log": log})()


def recorder_of(trt: TensorRt, words: Words) -> Any:
    """The same for an error recorder."""

    def begin(self: Any) -> None:
        trt.IErrorRecorder.__init__(self)

    methods = {
        "__init__": begin,
        "num_errors": lambda self: len(words.errors()),
        "get_error_code": lambda self, index: words.errors()[index][0],
        "get_error_desc": lambda self, index: words.errors()[index][1],
        "has_overflowed": lambda self: words.has_overflowed(),
        "clear": lambda self: words.clear(),
        "report_error": lambda self, code, sentence: words.report(code, sentence),
    }
    return type("Recorder", (trt.IErrorRecorder,), methods)()
