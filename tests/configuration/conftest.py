"""A site's file, and the store of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from appliance.configuration.store import ConfigurationStore
from tests.configuration.sites import TEXT


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "etc" / "site.yaml"
    path.parent.mkdir()
    path.write_text(TEXT)
    return path


@pytest.fixture
def store(path: Path, tmp_path: Path) -> ConfigurationStore:
    return ConfigurationStore(path, tmp_path / "data")
