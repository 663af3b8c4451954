"""Frozen pictures."""

from __future__ import annotations

import numpy as np

from appliance.clock import NS_PER_S
from appliance.decode.stillness import FROZEN_NS, Stillness


def test_a_picture_is_frozen_when_it_has_been_the_same_for_too_long_and_no_more_when_it_moves() -> None:
    still = Stillness()
    grey = np.full((36, 64), 90, np.uint8)
    assert not still.look(grey, 5 * NS_PER_S)
    assert not still.look(grey, 5 * NS_PER_S + FROZEN_NS)
    assert still.look(grey, 6 * NS_PER_S + FROZEN_NS)
    grey[8, 30] += 1
    assert not still.look(grey, 7 * NS_PER_S + FROZEN_NS)
    assert not still.look(grey, 7 * NS_PER_S + 2 * FROZEN_NS)


def test_noise_is_life() -> None:
    still, dice = Stillness(), np.random.default_rng(1)
    night = np.zeros((36, 64), np.uint8)
    assert not any(still.look(night + dice.integers(0, 2, night.shape, np.uint8), n * NS_PER_S) for n in range(120))
