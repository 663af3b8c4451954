"""Where a site is when nobody says so: every command looks in the same places."""

from __future__ import annotations

import os
from pathlib import Path

from appliance.config import home_expanded

FILE = Path("site.yaml")


def site_place() -> Path:
    """``site.yaml`` of the working directory where there is one, else that of this user's data folder."""
    return FILE if FILE.exists() else data_folder() / FILE


def data_folder() -> Path:
    """This user's, by the XDG base directory specification, which takes no relative paths."""
    named = os.environ.get("XDG_DATA_HOME", "")
    return (Path(named) if os.path.isabs(named) else home_expanded(Path("~/.local/share"))) / "appliance"
