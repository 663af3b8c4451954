"""Lines of a YAML text, and which of the comments around an entry are its own."""

from __future__ import annotations


def line_start(text: str, place: int) -> int:
    """Where the line of a place begins."""
    return text.rfind("\n", 0, place) + 1


def line_end(text: str, place: int) -> int:
    """Where the line of a place ends, before its line break."""
    end = text.find("\n", place)
    if end < 0:
        return len(text)
    return end - 1 if end > place and text[end - 1] == "\r" else end


def next_line(text: str, place: int) -> int:
    """Where the line after that of a place begins."""
    end = text.find("\n", place)
    return len(text) if end < 0 else end + 1


def column(text: str, place: int) -> int:
    """How many characters stand before a place in its line."""
    return place - line_start(text, place)


def begins_line(text: str, place: int) -> bool:
    """Whether only blanks stand before a place in its line."""
    return not text[line_start(text, place) : place].strip()


def entry_end(text: str, end: int, entry_column: int) -> int:
    """The end of the last line of an entry: behind its comments, which are those below it that stand further to the right."""
    last = line_end(text, end)
    place = next_line(text, end)
    while place < len(text):
        line = text[place : line_end(text, place)]
        content = line.lstrip(" ")
        if content.startswith("#") and len(line) - len(content) > entry_column:
            last = line_end(text, place)
        elif content.strip():
            break
        place = next_line(text, place)
    return last


def comments_start(text: str, start: int, entry_column: int) -> int:
    """The start of the line of an entry, or of the comments right above it that stand as far to the right as it does."""
    first = line_start(text, start)
    while first > 0:
        above = line_start(text, first - 1)
        line = text[above : first - 1]
        if not line.startswith(" " * entry_column + "#"):
            break
        first = above
    return first


def gap(text: str, start: int, end: int) -> tuple[int, int]:
    """What goes with the lines from ``start`` to ``end``: of empty lines around, those above stay."""
    behind = next_line(text, end)
    if start == 0 or not text[line_start(text, start - 1) : start].strip():
        while behind < len(text) and not text[behind : line_end(text, behind)].strip():
            behind = next_line(text, behind)
    return start, behind
