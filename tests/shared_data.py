"""Real weights, videos and truth beside the checkout; a test that needs them skips, with the reason, where they are not."""

from __future__ import annotations

from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parent.parent
SHARED_DATA = REPOSITORY.parent / "shared" / "data"


def shared(*parts: str) -> Path:
    """A file of the shared test data."""
    path = SHARED_DATA.joinpath(*parts)
    if not path.exists():
        pytest.skip(f"the test data {path} are not there")
    return path
