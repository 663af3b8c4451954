"""The first thing that runs in a process of the machine: ``python -m appliance.supervise.entry NAME``, assignment on stdin."""

from __future__ import annotations

import ctypes
import importlib
import logging
import os
import signal
import sys
from pathlib import Path
from types import FrameType

import msgspec

from appliance import log
from appliance.errors import Refusal
from appliance.ipc.command import CommandLink
from appliance.supervise.spec import Assignment

# sysexits.h: a configuration error; a restart would not help.
REFUSED_EXIT = 78
PR_SET_PDEATHSIG = 1


def main() -> None:
    """Do the assignment; the one place where any exception ends up, in the log."""
    assignment = msgspec.json.decode(sys.stdin.buffer.read(), type=Assignment)
    die_with_the_supervisor(assignment.supervisor_pid)
    if assignment.is_job:
        os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))
    log.set_up(assignment.process, assignment.log_level)
    link = CommandLink(Path(assignment.folder), assignment.process)

    def stop(signal_number: int, frame: FrameType | None) -> None:
        del signal_number, frame
        link.stopping = True

    signal.signal(signal.SIGTERM, stop)
    module, _, function = assignment.entry.partition(":")
    try:
        getattr(importlib.import_module(module), function)(link, assignment.settings)
    except Refusal as refusal:
        link.refuse(refusal.sentence, usage=refusal.usage)
        sys.exit(REFUSED_EXIT)
    except Exception:
        logging.getLogger(__name__).exception("the process ends")
        sys.exit(1)
    finally:
        link.close()


def die_with_the_supervisor(supervisor_pid: int) -> None:
    """Have the kernel kill this process when the supervisor dies, however it dies."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    # It died before the line above.
    if os.getppid() != supervisor_pid:
        sys.exit(1)


if __name__ == "__main__":
    main()
