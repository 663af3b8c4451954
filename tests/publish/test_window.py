"""What is under way: how much of it there may be, and how far it has been acknowledged."""

from __future__ import annotations

from appliance.publish.window import Window


def window_with(numbers: range, size: int = 10, most_bytes: int = 1000, *, is_careful: bool = False) -> Window:
    window = Window(size, most_bytes, is_careful=is_careful)
    for number in numbers:
        window.add(number, "topic", 10, number, "crossing", number)
    return window


def test_the_cursor_moves_to_before_the_first_hole() -> None:
    window = window_with(range(1, 7))
    for number in (1, 2, 4, 5):
        window.acknowledge(number)
    assert window.take_cursors() == {"crossing": 2}
    window.acknowledge(3)
    assert window.take_cursors() == {"crossing": 5}
    assert window.oldest == (6, "topic")


def test_there_is_room_for_so_many_and_for_so_many_bytes() -> None:
    assert window_with(range(9)).has_room
    assert not window_with(range(10)).has_room
    assert not window_with(range(5), most_bytes=50).has_room


def test_a_careful_one_waits_for_its_first_answer() -> None:
    window = window_with(range(1), is_careful=True)
    assert not window.has_room
    window.acknowledge(0)
    assert window.has_room


def test_who_was_never_sent_is_nobody() -> None:
    window = window_with(range(1))
    window.acknowledge(77)
    assert window.take_cursors() == {}
    assert window.refused(77) == ("", False)
