"""A site's file as a person writes it, and changes of it by chance."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hypothesis import strategies as st

CONFIGS = Path(__file__).resolve().parent.parent.parent / "configs"
A_LINE: dict[str, Any] = {"name": "entry", "from": [0, 0.5], "to": [1, 0.5]}
TEXT = """# Our site; ask Anna before you change anything.
site: north

cameras:
  # all of them look north
  - name: gate   # at the road
    source:   gate.mp4    # for now
    lines: # each with its own names
      - name: entry
        from: [0.0,  0.7]
        to: [1.0,  0.7]
        classes: [car, bus]
        # anchor: center

  # the yard, seen from the roof
  - name: yard
    source: yard.mp4

detector:
  model: 'm'
  confidence: 0.3  # the score

data_dir: data

# mqtt:
#   broker: embedded
"""


def a_camera(name: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "source": f"{name}.mp4", **more}


NAMES = st.sampled_from(["gate", "yard", "roof", "0", "1e3", "true", "no", "Straße", "-"])
SOURCES = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12)
SHARES = st.floats(0, 1)
LINES = st.builds(
    lambda name, start, end, classes: {"name": name, "from": [start, 0], "to": [end, 1], "classes": classes},
    NAMES,
    SHARES,
    SHARES,
    st.lists(st.text("abc:#-{ ,", min_size=1, max_size=4), max_size=3),
)
CAMERAS = st.builds(
    lambda name, source, lines: {"name": name, "source": f"x{source}", **({} if lines is None else {"lines": lines})},
    NAMES,
    SOURCES,
    st.none() | st.lists(LINES, max_size=3, unique_by=lambda line: str(line["name"])),
)
