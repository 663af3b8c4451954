"""A door with a file of its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from appliance.access.guard import Guard


@pytest.fixture
def guard(tmp_path: Path) -> Iterator[Guard]:
    """Of a new site."""
    with Guard(tmp_path) as opened:
        yield opened
