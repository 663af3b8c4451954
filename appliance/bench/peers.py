"""The peers: programs of ``scripts/peers``, run by the Python of the peers' own environment."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from appliance.bench.bench import Bench
from appliance.bench.program import run_program
from appliance.errors import Refusal

NOT_ASKED = "not asked (--peers names their Python)"
PROGRAMS = Path(__file__).resolve().parent.parent.parent / "scripts" / "peers"


def ask_peer(
    bench: Bench, program: str, request: Mapping[str, Any], environment: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """A peer's answer; raises ``Refusal`` with the reason where there is none."""
    if bench.peers_python is None:
        raise Refusal(NOT_ASKED)
    path = PROGRAMS / f"{program}.py"
    if not path.exists():
        raise Refusal("the peers' programs are part of the source code, which is not here")
    home = bench.folder / "peers"
    home.mkdir(exist_ok=True)
    offline = {"YOLO_OFFLINE": "true", "YOLO_AUTOINSTALL": "false", "YOLO_CONFIG_DIR": str(home), "MPLCONFIGDIR": str(home)}
    bench.say(f"asking {program}")
    command = [str(bench.peers_python), str(path)]
    return run_program(command, request, {**offline, **(environment or {})}, home)
