"""``appliance models``: what models there are, bringing one, proving it, and carrying it elsewhere."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path
from typing import Annotated

import typer
from pydantic import ValidationError
from rich.table import Table
from rich.text import Text

from appliance.catalogue.build_command import build
from appliance.catalogue.precision_commands import (
    CalibrateOption,
    CameraOption,
    ForceOption,
    LineOption,
    quantize,
    reduce_and_tell,
    refuse_without_footage,
    site_with_lines,
)
from appliance.catalogue.terminal import ConfigOption, JsonOption, NameArgument, SetOption, console, me, site_of, tell
from appliance.config import first_fault, named_classes
from appliance.errors import Refusal
from appliance.models.archive import is_archive, write_archive
from appliance.models.built import built_folder
from appliance.models.engine_file import ENDING
from appliance.models.listing import Listed, as_json, listed
from appliance.models.manifest import Manifest, read_manifest
from appliance.models.store import MANIFEST, find_model, find_version, intact_version, stores_of
from appliance.precision.reduction import Reduced
from appliance.results import refuse_targets, write_whole

models = typer.Typer(name="models", help="Models: bring one, prove it, carry it elsewhere.", no_args_is_help=True)
models.command()(quantize)
models.command()(build)

MARKS = {True: "[green]good[/]", False: "[bold red]bad[/]"}


@models.command("import")
def import_(  # noqa: PLR0913  # one parameter per option is how typer reads a command
    file: Annotated[Path, typer.Argument(help="An ONNX model, a .pt that you trust, an .engine, or what 'models export' wrote.")],
    more: Annotated[list[Path] | None, typer.Argument(metavar="[VIDEO]...", help="More footage, behind --calibrate.")] = None,
    name: Annotated[str, typer.Option(help="What it is called from now on; left out for an archive: as it was.")] = "",
    version: Annotated[str | None, typer.Option(help="Left out: the next number.")] = None,
    classes: Annotated[str, typer.Option(help="The names of its classes in order, as in car,bus; for models without.")] = "",
    licence: Annotated[str, typer.Option(help="Of the weights; left out: as the file says.")] = "",
    precision: Annotated[Reduced | None, typer.Option(help="A second version beside it: int8, or fp16.")] = None,
    calibrate: CalibrateOption = None,
    line: LineOption = None,
    camera: CameraOption = "",
    force: ForceOption = False,
    config: ConfigOption = None,
    overrides: SetOption = None,
) -> None:
    """Bring a model: look into it in a process of its own, and keep it in the data_dir, where nothing changes it any more.

    With --precision a second version in fewer bits is made of it, as 'models quantize' does.
    """
    from appliance.catalogue.importing import Wish, import_model

    site, videos = site_of(config, overrides), (*(calibrate or ()), *(more or ()))
    stores = stores_of(site.data_dir)
    if videos and precision is None:
        raise Refusal(f"--precision says what the footage is for, found {videos[0]} and no --precision", usage=True)
    if precision is not None:
        refuse_without_footage(precision, videos)
        site = site_with_lines(site, line, "", camera)
    if not name and not (file.is_file() and is_archive(file)):
        raise Refusal("--name is wanted: what the model shall be called, found none", usage=True)
    _check_names(name, version)
    wanted = tuple(word.strip() for word in classes.split(",") if word.strip())
    wish = Wish(file, name, me(), version, wanted, licence, may_run_pickles=True, tell=tell)
    folder = import_model(wish, stores)
    manifest = intact_version(folder).manifest
    # Just written.
    assert manifest is not None
    _show(manifest, folder)
    if not manifest.file.endswith(ENDING):
        tell(f"'appliance models check {manifest.label}' tells whether it may be used on this device")
    if precision is not None:
        reduce_and_tell(manifest.label, precision, videos, site, force=force)


@models.command("list")
def list_models(config: ConfigOption = None, overrides: SetOption = None, json_file: JsonOption = None) -> None:
    """All models, with what they are; those of the site first."""
    found = listed(stores_of(site_of(config, overrides).data_dir))
    table = Table("name", "head", "classes", "input", "precision", "sha256", "brought")
    for model in found:
        table.add_row(*(Text(cell) for cell in _cells(model)))
    console.print(table if found else "there are no models")
    if json_file is not None:
        write_whole(json_file, json.dumps([as_json(model) for model in found], indent=1) + "\n")


@models.command()
def show(name: NameArgument, config: ConfigOption = None, overrides: SetOption = None, json_file: JsonOption = None) -> None:
    """All that is known of a model, once its file has been found to be the one that it was."""
    folder = find_version(name, *stores_of(site_of(config, overrides).data_dir))
    manifest = intact_version(folder).manifest
    # ``find_version`` goes by manifests.
    assert manifest is not None
    _show(manifest, folder)
    if json_file is not None:
        write_whole(json_file, json.dumps(as_json(Listed(folder, manifest)), indent=1) + "\n")


@models.command()
def export(
    name: NameArgument,
    to: Annotated[Path, typer.Option(metavar="FILE", help="The archive.")],
    config: ConfigOption = None,
    overrides: SetOption = None,
) -> None:
    """Write a model into one file with checksums, for 'models import' on another machine."""
    model = intact_version(find_version(name, *stores_of(site_of(config, overrides).data_dir)))
    # ``find_version`` goes by manifests.
    assert model.manifest is not None
    refuse_targets({"--to": to}, {str(model.path): "the model"})
    write_archive(model, model.manifest, to)
    tell(f"{model.manifest.label} is in {to} ({to.stat().st_size / 1e6:.1f} MB)")


@models.command()
def check(  # noqa: PLR0913  # one parameter per option is how typer reads a command
    name: Annotated[str, typer.Argument(metavar="NAME[@VERSION]|FILE", help="A model of the store, or an ONNX file.")],
    against: Annotated[str, typer.Option(metavar="MODEL", help="The live model, which its speed is compared with.")] = "",
    latency_ms: Annotated[float | None, typer.Option(help="The most that a picture may take.")] = None,
    memory_mb: Annotated[float | None, typer.Option(help="The most that the model may take.")] = None,
    limit_s: Annotated[float, typer.Option(help="The most that all of it may take.")] = 180.0,
    config: ConfigOption = None,
    overrides: SetOption = None,
    json_file: JsonOption = None,
) -> None:
    """Prove a model on this device, gate after gate, in a process that may crash; exit code 0 if it may be used."""
    from appliance.catalogue.picture import paint_reference
    from appliance.detect.acceptance import AcceptanceRequest, start_acceptance

    refuse_targets({"--json": json_file}, {})
    site = site_of(config, overrides)
    stores = stores_of(site.data_dir)
    path = Path(os.path.expanduser(name))
    path = path if path.is_file() else find_in(name, stores)
    with tempfile.TemporaryDirectory(prefix="appliance-check-") as folder:
        picture = Path(folder) / "reference.png"
        paint_reference(picture)
        acceptance = start_acceptance(
            AcceptanceRequest(
                model=path,
                settings=site.detector,
                named=named_classes(site.cameras),
                live=find_model(against, *stores).path if against else None,
                built=built_folder(site.data_dir),
                picture=picture,
                most_times=site.gates.slowest,
                latency_ms=latency_ms,
                memory_mb=memory_mb,
                limit_s=limit_s,
            )
        )
        verdict = acceptance.wait()
    for passed in acceptance.verdicts:
        console.print(f"{MARKS[passed.is_good]} [bold]{passed.gate}[/]: ", end="")
        console.print(passed.sentence, markup=False, highlight=False, soft_wrap=True)
    if json_file is not None:
        gates = [
            {"gate": gate.gate, "good": gate.is_good, "sentence": gate.sentence, "figures": gate.figures}
            for gate in acceptance.verdicts
        ]
        outcome = {"model": name, "good": verdict.is_good, "gates": gates, "figures": verdict.figures}
        write_whole(json_file, json.dumps(outcome, indent=1) + "\n")
    if not verdict.is_good:
        raise Refusal(f"{name} may not be used: {verdict.gate}: {verdict.sentence}")


def find_in(name: str, stores: tuple[Path, ...]) -> Path:
    """The file of a version, not looked at yet; a folder is a version, too."""
    folder = Path(os.path.expanduser(name))
    folder = folder if folder.is_dir() else find_version(name, *stores)
    return folder / read_manifest(folder / MANIFEST).file


def _check_names(name: str, version: str | None) -> None:
    """Refuse now what would be refused in the end."""
    try:
        Manifest(name=name or "archive", version=version or "1")
    except ValidationError as error:
        raise Refusal(f"--{first_fault(error).replace(chr(39), '', 2)}", usage=True) from None


def _cells(model: Listed) -> tuple[str, ...]:
    manifest = model.manifest
    if manifest is None:
        return model.label, model.problem, "", "", "", "", ""
    sizes = "" if manifest.input_px is None else f"up to {manifest.input_px}"
    shape = f"{manifest.input_shape[1]}x{manifest.input_shape[0]}" if manifest.input_shape else sizes
    brought = "" if manifest.lineage is None else manifest.lineage.date[:10]
    head = manifest.head.replace("_", " ")
    count = str(len(manifest.classes)) if manifest.classes else ""
    return manifest.label, head, count, shape, manifest.precision, manifest.sha256[:12], brought


def _show(manifest: Manifest, folder: Path) -> None:
    table = Table(show_header=False, box=None)
    rows = {
        "model": manifest.label,
        "file": str(folder / manifest.file),
        "sha256": manifest.sha256,
        "head": manifest.head.replace("_", " "),
        "classes": ", ".join(manifest.classes),
        "input": _cells(Listed(folder, manifest))[3],
        "batches": "" if manifest.any_batch is None else "any" if manifest.any_batch else "one picture at a time",
        "precision": manifest.precision,
        "licence": manifest.licence,
    }
    if (lineage := manifest.lineage) is not None:
        rows |= {
            "made from": lineage.made_from or f"{lineage.source}, sha256 {lineage.source_sha256}",
            "exporter": lineage.exporter,
        }
        rows["brought"] = f"{lineage.date} by {lineage.who}"
    if (reference := manifest.reference) is not None:
        rows["reference"] = f"{len(reference.boxes)} boxes in {reference.picture}, by {reference.backend}"
    if (calibration := manifest.calibration) is not None:
        rows["calibrated"] = f"{calibration.pictures} frames of {', '.join(calibration.videos.values())}"
    if manifest.remarks:
        rows["mind"] = "; ".join(manifest.remarks)
    rows |= {name.replace("_", " "): f"{value:g}" for name, value in manifest.figures.items()}
    for name, value in rows.items():
        if value:
            table.add_row(Text(name, style="bold"), Text(value))
    console.print(table)
