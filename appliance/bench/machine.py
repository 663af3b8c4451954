"""When, where and with what it was measured: the head of every report."""

from __future__ import annotations

import os
import platform
from datetime import datetime, timezone
from importlib import metadata
from pathlib import Path

import appliance

# Of the cores.
BUSY_SHARE = 0.25
LIBRARIES = ("numpy", "opencv-python-headless", "av", "lap", "openvino", "onnxruntime")


def header() -> dict[str, str]:
    """Names and values, in order."""
    return {
        "date": datetime.now(timezone.utc).strftime("%Y-%m-%d %H:%M UTC"),
        "CPU": cpu_name(),
        "cores": str(core_count()),
        "RAM": f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30:.1f} GiB",
        "system": platform.platform(),
        "load before": f"{os.getloadavg()[0]:.2f}",
        "appliance": appliance.__version__,
        "Python": platform.python_version(),
        **{library: version for library in LIBRARIES if (version := version_of(library))},
    }


def is_busy() -> bool:
    """Whether others have been at work here in the last minute: what is measured beside them is not worth much."""
    return os.getloadavg()[0] > BUSY_SHARE * core_count()


def core_count() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0))


def cpu_name() -> str:
    """As the kernel calls it."""
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines():
        name, _, value = line.partition(":")
        if name.strip() in ("model name", "Model"):
            return value.strip()
    return platform.machine()


def version_of(library: str) -> str:
    """The installed version; nothing where it is not installed."""
    try:
        return metadata.version(library)
    except metadata.PackageNotFoundError:
        return ""
