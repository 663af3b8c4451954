"""Takes secrets out of what is kept and shown; rather too much than one."""

from __future__ import annotations

import re

HIDDEN = "***"
SECRET_PARTS = ("password", "passwd", "passphrase", "secret", "credential", "cookie", "csrf", "authorization", "login")
SECRET_WORDS = frozenset({"token", "pass", "pwd"})
REFERENCE = re.compile(r"(env|file):")
WITH_ADDRESS = re.compile(r"\S+")
# Of parameters; cameras that know no other way want theirs in the address, also where its path should be.
SECRET_NAME = re.compile(r"pas|pwd|psw|pw|secret|token|auth|key", re.IGNORECASE)
LONGEST_NAME = 64
NO_NAME = re.compile(r"[^\w.%-]")
END = re.compile(r"[&\s]|$")
TOKEN = re.compile(r"(apl_[0-9a-f]{12})[\w-]+")
WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+")


def without_secrets(value: object) -> object:
    """The same tree of JSON with ``***`` in the place of passwords and tokens. ``env:NAME`` and ``file:PATH`` are none."""
    if isinstance(value, dict):
        return {str(key): _entry(str(key), content) for key, content in value.items()}
    if isinstance(value, (list, tuple)):
        return [without_secrets(content) for content in value]
    return hidden_in(value) if isinstance(value, str) else value


def _entry(key: str, content: object) -> object:
    words = {word.lower() for word in WORD.findall(key)}
    is_secret = any(part in key.lower() for part in SECRET_PARTS) or not SECRET_WORDS.isdisjoint(words)
    if not is_secret or content in (None, "") or isinstance(content, bool):
        return without_secrets(content)
    return content if isinstance(content, str) and REFERENCE.match(content) else HIDDEN


def hidden_in(text: str) -> str:
    """A text with ``***`` in the place of passwords and tokens, as far as they can be told from other words."""
    return TOKEN.sub(rf"\1{HIDDEN}", without_parameters(WITH_ADDRESS.sub(_without_user, text)))


def _without_user(word: re.Match[str]) -> str:
    """Up to the last "@": a password may hold a "/" or an "@" where it should not."""
    scheme, separator, rest = word[0].partition("://")
    before, at, place = rest.rpartition("@")
    return f"{scheme}{separator}{HIDDEN}@{place}" if at else word[0]


def without_parameters(text: str) -> str:
    """A text in which the values of ``password=``, ``user-pw=`` and their like are not to be read."""
    parts, place = [], 0
    while (equals := text.find("=", place)) >= 0:
        begin = max(place, equals - LONGEST_NAME)
        parts.append(text[place : equals + 1])
        place = equals + 1
        if SECRET_NAME.search(NO_NAME.split(text[begin:equals])[-1]):
            end = END.search(text, place)
            # There is always one.
            assert end is not None
            parts.append(HIDDEN if end.start() > place else "")
            place = end.start()
    return "".join((*parts, text[place:]))
