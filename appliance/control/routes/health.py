"""For those who watch over machines: alive, ready, metrics."""

from __future__ import annotations

from collections.abc import Iterator

from fastapi import APIRouter, Response
from fastapi.responses import PlainTextResponse
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from appliance.control.door import LOOK
from appliance.control.figures import figures_of
from appliance.control.inside import Inside
from appliance.control.problems import documented, problem
from appliance.device import sensors
from appliance.observe.metrics import metrics_of

router = APIRouter(tags=["watching"])


@router.get("/healthz", response_class=PlainTextResponse)
async def is_alive() -> str:
    """Whether this process answers at all."""
    # In the loop, as the next one: who watches over it waits for no thread.
    return "ok\n"


@router.get("/readyz", response_class=PlainTextResponse, responses=documented(503))
async def is_ready(house: Inside) -> Response:
    """Whether the machine runs, and every process of it has begun to work."""
    if not house.is_heard or house.health is None:
        return problem(503, "nothing is heard of the machine")
    processes = house.health.processes
    late = sum(process.condition.state in ("starting", "down") for process in processes)
    if not late:
        return PlainTextResponse("ok\n")
    # Anybody may ask, and their names are the cameras'.
    return problem(503, f"{late} of {len(processes)} processes are not at work; /api/v1/status says which")


class _Collector:
    def __init__(self, metrics: list[Metric]) -> None:
        self._metrics = metrics

    def collect(self) -> Iterator[Metric]:
        return iter(self._metrics)


@router.get("/metrics", response_class=PlainTextResponse, responses=documented(401, 403, 429), dependencies=[LOOK])
def read_metrics(house: Inside) -> Response:
    """For Prometheus."""
    registry = CollectorRegistry()
    health = house.health if house.is_heard else None
    viewers = GaugeMetricFamily("appliance_viewers", "Who watches live pictures.", value=house.gallery.viewers)
    told = metrics_of(house.site, health, figures_of(house.ledger), sensors.read())
    registry.register(_Collector([*told, viewers]))
    return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)
