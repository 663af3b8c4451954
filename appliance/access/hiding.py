"""Takes secrets out of what is kept; rather too much than one."""

from __future__ import annotations

import re

HIDDEN = "***"
SECRET_PARTS = ("password", "passwd", "passphrase", "secret", "credential", "cookie", "csrf", "authorization", "login")
SECRET_WORDS = frozenset({"token", "pass", "pwd"})
REFERENCE = re.compile(r"(env|file):")
# Up to the last "@": a password may hold a "/" or an "@" where it should not.
USER_INFO = re.compile(r"(?<=://)\S*@")
QUERY = re.compile(r"([?&][^=&\s]*(?:pass|pwd|secret|token|auth|key)[^=&\s]*=)[^&\s]*", re.IGNORECASE)
TOKEN = re.compile(r"(apl_[0-9a-f]{12})[\w-]+")
WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+")


def without_secrets(value: object) -> object:
    """The same tree of JSON with ``***`` in the place of passwords and tokens. ``env:NAME`` and ``file:PATH`` are none."""
    if isinstance(value, dict):
        return {str(key): _entry(str(key), content) for key, content in value.items()}
    if isinstance(value, (list, tuple)):
        return [without_secrets(content) for content in value]
    return _hidden_in(value) if isinstance(value, str) else value


def _entry(key: str, content: object) -> object:
    words = {word.lower() for word in WORD.findall(key)}
    is_secret = any(part in key.lower() for part in SECRET_PARTS) or not SECRET_WORDS.isdisjoint(words)
    if not is_secret or content in (None, "") or isinstance(content, bool):
        return without_secrets(content)
    return content if isinstance(content, str) and REFERENCE.match(content) else HIDDEN


def _hidden_in(text: str) -> str:
    return TOKEN.sub(rf"\1{HIDDEN}", QUERY.sub(rf"\1{HIDDEN}", USER_INFO.sub(f"{HIDDEN}@", text)))
