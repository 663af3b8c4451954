"""What it costs the counting that people look on: one camera, alternately alone and with viewers and callers.

usage: scripts/load.py VIDEO MODEL [--rounds 3] [--round-s 30] [--viewers 5] [--callers 20] [--calls-per-s 50] [--fps 10]

Prints the frames per second that were counted alone and in company, and how long the calls took. Exit code 1 where more than
3 % of the frames are lost, or more than 1 in 100 calls takes longer than 50 ms.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import numpy as np

REPOSITORY = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(REPOSITORY))

from appliance.access.audit import Actor  # noqa: E402  # from this checkout
from appliance.access.guard import Guard  # noqa: E402
from appliance.access.roles import Role  # noqa: E402
from appliance.clock import wall_ns  # noqa: E402
from appliance.messages.health import Health  # noqa: E402
from tests.cameras import Camera  # noqa: E402
from tests.publish.brokers import free_port  # noqa: E402
from tests.system.sites import Site, state_of  # noqa: E402
from tests.waiting import wait_until  # noqa: E402

LINE = {"name": "gate", "from": [0.0, 0.6], "to": [1.0, 0.6]}
PAGES = (
    "/api/v1/status",
    "/api/v1/counts?from={day}&to={now}&bucket=hour&group_by=line&group_by=direction",
    "/api/v1/cameras",
    "/api/v1/crossings?limit=50",
)
LOST_SHARE, SLOW_MS = 0.03, 50.0


@dataclass(slots=True)
class Company:
    """Those who look on, and what they saw."""

    base_url: str
    token: str
    wanted: argparse.Namespace
    took_ms: list[float] = field(default_factory=list)
    pictures: int = 0
    failures: int = 0

    async def stay(self) -> None:
        """For one round."""
        limits = httpx.Limits(max_connections=200)
        head = {"authorization": f"Bearer {self.token}"}
        async with httpx.AsyncClient(base_url=self.base_url, headers=head, timeout=30, limits=limits) as client:
            until = time.monotonic() + self.wanted.round_s
            viewers = [self._watch(client, until) for _ in range(self.wanted.viewers)]
            callers = [self._call(client, number, until) for number in range(self.wanted.callers)]
            await asyncio.gather(*viewers, *callers)

    async def _watch(self, client: httpx.AsyncClient, until: float) -> None:
        words = {"overlay": "boxes,lines,counts", "fps": self.wanted.fps}
        async with client.stream("GET", "/api/v1/cameras/gate/stream", params=words) as stream:
            async for piece in stream.aiter_bytes():
                self.pictures += piece.count(b"--picture")
                if time.monotonic() > until:
                    return

    async def _call(self, client: httpx.AsyncClient, number: int, until: float) -> None:
        interval_s = self.wanted.callers / self.wanted.calls_per_s
        due = time.monotonic() + interval_s * number / self.wanted.callers
        while (due := due + interval_s) < until:
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            now = time.gmtime()
            page = PAGES[int(due * 1000) % len(PAGES)].format(
                day=time.strftime("%Y-%m-%d", now), now=time.strftime("%Y-%m-%dT%H:%M:%SZ", now)
            )
            began = time.perf_counter()
            answer = await client.get(page)
            self.took_ms.append((time.perf_counter() - began) * 1e3)
            self.failures += answer.status_code != 200


def counted(health: Health) -> tuple[float, int]:
    """When, and how many frames have been counted."""
    return health.time_ns / 1e9, next(process.frames for process in health.processes if process.name == "count")


def rate(site: Site, company: Company | None, round_s: float) -> float:
    """Frames per second of one round."""
    first_s, first = counted(site.health())
    if company is None:
        while site.health().time_ns / 1e9 < first_s + round_s:
            pass
    else:
        asyncio.run(company.stay())
    last_s, last = counted(newest(site))
    return (last - first) / (last_s - first_s)


def newest(site: Site) -> Health:
    """What is told next, not what was told while nobody heard."""
    began_ns = wall_ns()
    while (health := site.health()).time_ns < began_ns:
        pass
    return health


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main() -> int:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("video", type=Path)
    parser.add_argument("model", type=Path)
    for name, value in (("rounds", 3), ("viewers", 5), ("callers", 20)):
        parser.add_argument(f"--{name}", type=int, default=value)
    for name, number in (("round-s", 30.0), ("calls-per-s", 50.0), ("fps", 10.0)):
        parser.add_argument(f"--{name}", type=float, default=number)
    wanted = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, Camera(wanted.video.resolve()) as camera:
        folder = Path(name)
        site = Site(folder, {"gate": {"source": camera.url, "lines": [LINE]}})
        port = free_port()
        site.tree |= {"control": {"port": port}, "detector": {"model": str(wanted.model.resolve())}}
        (folder / "data").mkdir()
        with Guard(folder / "data") as guard:
            token = guard.tokens.create("load", Role.VIEWER, Actor("load", ""), wall_ns()).text
        with site:
            site.until(state_of("gate", "ok"), 120)
            address = f"http://127.0.0.1:{port}"
            wait_until("it is ready", lambda: is_ready(address))
            company = Company(address, token, wanted)
            return measure(site, company, wanted)


def is_ready(address: str) -> bool:
    """Whether the control plane answers, and all are at work."""
    try:
        return httpx.get(f"{address}/readyz").status_code == 200
    except httpx.TransportError:
        return False


def measure(site: Site, company: Company, wanted: argparse.Namespace) -> int:
    """Rounds of both, in turns."""
    rate(site, None, 10.0)
    alone, together = [], []
    for _ in range(wanted.rounds):
        alone.append(rate(site, None, wanted.round_s))
        together.append(rate(site, company, wanted.round_s))
        say(f"alone {alone[-1]:.2f}, in company {together[-1]:.2f} frames/s")
    kept = sum(together) / sum(alone)
    p50_ms, p99_ms = np.percentile(company.took_ms, [50, 99])
    control = next(process for process in site.health().processes if process.name == "control")
    say(f"frames kept: {kept:.1%}; {len(company.took_ms)} calls, {company.failures} of them failed")
    pictures_per_s = company.pictures / wanted.rounds / wanted.round_s
    say(f"calls: {p50_ms:.1f} ms p50, {p99_ms:.1f} ms p99; pictures {pictures_per_s:.1f} per second")
    say(f"control: at most {control.memory_bytes / 1e6:.0f} MB")
    return int(kept < 1 - LOST_SHARE or p99_ms > SLOW_MS or company.failures > 0)


if __name__ == "__main__":
    sys.exit(main())
