"""Who asks what never answers ends by himself."""

from __future__ import annotations

import subprocess
import sys
import threading

from appliance.detect.time_limit import LATE_EXIT, ended_after

HANGS = """
import signal
from appliance.detect.time_limit import ended_after
with ended_after(60, "what is quick"):
    pass
with ended_after(0.2, "asking for the GPU"):
    signal.pause()
"""


def test_what_never_comes_back_ends_its_process_with_a_sentence() -> None:
    outcome = subprocess.run([sys.executable, "-c", HANGS], capture_output=True, text=True, timeout=30, check=False)
    assert outcome.returncode == LATE_EXIT
    assert outcome.stderr.strip() == "asking for the GPU has taken longer than 0.2 s, so this process ends"


def test_beside_other_work_nothing_is_ended() -> None:
    late, is_over = list[bool](), threading.Event()

    def work() -> None:
        with ended_after(0.01, "loading"):
            late.append(is_over.wait(0.3))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert late == [False]
