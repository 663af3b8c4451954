"""What Prometheus wants of names, units and series, https://prometheus.io/docs/practices/naming/."""

from __future__ import annotations

import re
from collections.abc import Iterator

from prometheus_client import Metric
from prometheus_client.parser import text_string_to_metric_families

NAME = re.compile(r"appliance(_[a-z]+)+")
NO_BASE_UNIT = re.compile(r"_(ms|ns|us|milliseconds|minutes|hours|days|kb|mb|kilobytes|percent|mhz|millidegrees)(_|$)")
KINDS = {"counter", "gauge", "histogram"}


def families_of(text: str) -> dict[str, Metric]:
    """By name, a counter's without its ending; what is there twice is no answer."""
    families: dict[str, Metric] = {}
    for family in text_string_to_metric_families(text):
        assert family.name not in families, f"{family.name} comes twice"
        families[family.name] = family
    return families


def complaints(text: str) -> Iterator[str]:
    """What is wrong with an exposition."""
    for family in families_of(text).values():
        if not NAME.fullmatch(family.name) or NO_BASE_UNIT.search(family.name):
            yield f"{family.name} is no name"
        if family.type not in KINDS or not family.documentation.endswith("."):
            yield f"{family.name} must have a type and a sentence, found {family.type} and '{family.documentation}'"
        if family.type == "gauge" and family.name.endswith("_total"):
            yield f"{family.name} is no counter"
        if family.type == "counter" and any(not sample.name.endswith("_total") for sample in family.samples):
            yield f"{family.name} does not end as a counter"
        yield from (f"{family.name}: {complaint}" for complaint in _about_samples(family))


def _about_samples(family: Metric) -> Iterator[str]:
    known = set()
    for sample in family.samples:
        series = (sample.name, *sorted(sample.labels.items()))
        if series in known:
            yield f"{series} comes twice"
        known.add(series)
        if family.type != "histogram" and {"le", "quantile"} & set(sample.labels):
            yield f"{series} is no histogram"
        if family.name.endswith("_ratio") and not 0 <= sample.value <= 1:
            yield f"{series} must be from 0 to 1, found {sample.value}"
    if family.type == "histogram":
        yield from _about_histograms(family)


def _about_histograms(family: Metric) -> Iterator[str]:
    buckets: dict[tuple[tuple[str, str], ...], list[tuple[float, float]]] = {}
    counts, sums = {}, set()
    for sample in family.samples:
        labels = tuple(sorted((name, value) for name, value in sample.labels.items() if name != "le"))
        if sample.name.endswith("_bucket"):
            buckets.setdefault(labels, []).append((float(sample.labels["le"]), sample.value))
        elif sample.name.endswith("_count"):
            counts[labels] = sample.value
        else:
            sums.add(labels)
    for labels, edges in buckets.items():
        values = [value for _, value in edges]
        if edges != sorted(edges) or values != sorted(values) or edges[-1] != (float("inf"), counts[labels]):
            yield f"{labels} is no histogram: {edges}"
    if not set(buckets) == set(counts) == sums:
        yield "not every histogram has its sum and its count"
