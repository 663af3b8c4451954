"""``appliance models quantize``, and what ``appliance models import --precision`` does behind the import."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from appliance.catalogue.terminal import ConfigOption, NameArgument, SetOption, console, me, site_of, tell
from appliance.config import CameraSettings, SiteSettings
from appliance.decode.source import check_file
from appliance.errors import Refusal
from appliance.models.store import intact_version, stores_of
from appliance.options import parse_line
from appliance.precision.proof import Proof
from appliance.precision.reduction import Reduced

# Of the extra that makes models in fewer bits.
LIBRARIES = ("onnx", "onnxruntime")
# Whatever moves far crosses one of them.
CROSS = ("across=0,0.5,1,0.5", "down=0.5,0,0.5,1")

PrecisionOption = Annotated[Reduced, typer.Option(help="int8, by calibration, or fp16.")]
CalibrateOption = Annotated[
    list[Path] | None, typer.Option(metavar="VIDEO", help="Footage of the cameras that it is for; several times for several.")
]
LineOption = Annotated[
    list[str] | None,
    typer.Option(metavar="NAME=x1,y1,x2,y2[,…]", help="A line that is counted at; left out: the camera's, or a cross."),
]
CameraOption = Annotated[str, typer.Option(metavar="NAME", help="Whose lines of the site are meant, where several have some.")]
ForceOption = Annotated[bool, typer.Option("--force", help="Keep it whatever it loses.")]


def quantize(  # noqa: PLR0913  # one parameter per option is how typer reads a command
    name: NameArgument,
    precision: PrecisionOption = Reduced.INT8,
    calibrate: CalibrateOption = None,
    more: Annotated[list[Path] | None, typer.Argument(metavar="[VIDEO]...", help="More footage, behind --calibrate.")] = None,
    line: LineOption = None,
    classes: Annotated[str, typer.Option(help="What is counted, as in car,truck,bus; all if left out.")] = "",
    camera: CameraOption = "",
    force: ForceOption = False,
    config: ConfigOption = None,
    overrides: SetOption = None,
) -> None:
    """Make a version in fewer bits beside the one in f32, and tell what it is worth on footage that was held back."""
    site = site_with_lines(site_of(config, overrides), line, classes, camera)
    reduce_and_tell(name, precision, (*(calibrate or ()), *(more or ())), site, force=force)


def reduce_and_tell(name: str, precision: Reduced, videos: tuple[Path, ...], site: SiteSettings, *, force: bool) -> None:
    """Make it, keep it, and show what it is worth."""
    from appliance.catalogue.reducing import Reduction, reduce_model

    refuse_without_footage(precision, videos)
    reduction = Reduction(name, precision, videos, site, me(), is_forced=force, tell=tell, judged=show_proof)
    manifest = intact_version(reduce_model(reduction, stores_of(site.data_dir))).manifest
    # Just written.
    assert manifest is not None
    for remark in manifest.remarks:
        console.print(f"[yellow]{manifest.label}:[/] ", Text(remark), sep="", soft_wrap=True)
    tell(f"{manifest.label} is kept; 'appliance models check {manifest.label}' tells whether it may be used on this device")


def refuse_without_footage(precision: Reduced, videos: tuple[Path, ...]) -> None:
    """Raise ``Refusal`` where nothing is named, or something is not there: before a model is kept that cannot be reduced."""
    if not videos:
        raise Refusal(f"--calibrate VIDEO is wanted: {precision.value} is judged by footage of yours, found none", usage=True)
    for video in videos:
        check_file(str(video))
    for library in LIBRARIES:
        if find_spec(library) is None:
            reason = f"'{library}' is not there: pip install 'appliance[onnxruntime]'"
            raise Refusal(f"for {precision.value} ONNX Runtime is wanted, but {reason}")


def site_with_lines(site: SiteSettings, line: list[str] | None, classes: str, camera: str) -> SiteSettings:
    """The site with one camera, whose lines are the named ones, or those of one of the site's, or a cross through the middle."""
    if line:
        tree: dict[str, Any] = {"lines": [parse_line(text, classes, "center") for text in line]}
    else:
        own = [each for each in site.cameras if each.counted and camera in ("", each.name)]
        if len(own) > 1 or (camera and not own):
            names = ", ".join(each.name for each in site.cameras if each.counted) or "none"
            raise Refusal(
                f"--camera with one of the site's cameras that have lines is wanted ({names}), found '{camera}'", usage=True
            )
        tree = (
            own[0].model_dump(include={"lines", "zones"})
            if own
            else {"lines": [parse_line(text, classes, "center") for text in CROSS]}
        )
    only = CameraSettings.model_validate({"name": "video", "source": "video", "pace": "file", **tree})
    return site.model_copy(update={"cameras": (only,)})


def show_proof(proof: Proof) -> None:
    """All that was measured."""
    table = Table(title=f"{proof.frames} frames that were held back, {sum(proof.objects.values())} objects; on {proof.backend}")
    for title in ("", *(each.precision for each in proof.contestants)):
        table.add_column(title, justify="right" if title else "left")
    rows: dict[str, list[str]] = {
        "map50": [_share(each.map50) for each in proof.contestants],
        "map50_95": [_share(each.map50_95) for each in proof.contestants],
        "F1 of boxes": [_share(each.f1) for each in proof.contestants],
    }
    for name in proof.original.ap50:
        rows[f"AP50 {name}, {proof.objects[name]} objects"] = [f"{each.ap50[name]:.4f}" for each in proof.contestants]
    for way in proof.original.counts:
        rows[f"count {way}"] = [str(each.counts[way]) for each in proof.contestants]
    rows["ms per picture, p50"] = [f"{each.pace.p50_ms:.2f}" for each in proof.contestants]
    rows["p99"] = [f"{each.pace.p99_ms:.2f}" for each in proof.contestants]
    for title, cells in rows.items():
        table.add_row(title, *cells)
    console.print(table, markup=False)
    tell(f"the new one is {proof.times_as_fast:.2f} times as fast as the original in {proof.usual.precision}")


def _share(value: float | None) -> str:
    return "too few" if value is None else f"{value:.4f}"
