"""Train the small detector of the demo on synthetic scenes, and put it into the model store.

usage: scripts/train_demo_model.py [--images 2400] [--epochs 20] [--seed 1] [--out engines/demo/1]

Needs the ``export`` extra (ultralytics; AGPL-3.0, used here and never by the appliance). Everything is seeded: pictures are of
seeds from 100000 on, and those that the model is judged by of seeds from 200000 on, so no scene that a demo counts has been
seen in training. What an interrupted run leaves behind is a temporary folder that is removed.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import shutil
import sys
import tempfile
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

import cv2
import numpy as np

REPOSITORY = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(REPOSITORY))

from appliance.scene.actors import CLASS_NAMES, PERSON, Actor  # noqa: E402  # from this checkout
from appliance.scene.paint import Painter  # noqa: E402
from appliance.scene.settings import SceneSettings  # noqa: E402
from appliance.scene.street import CYCLE_S, HALF_ROAD_M  # noqa: E402
from appliance.scene.truth import box_of, visible_shares  # noqa: E402
from appliance.scene.view import View  # noqa: E402
from appliance.scene.world import World  # noqa: E402

# Width and height of a picture at work, and of what is cut out of it at random for training: objects have the size that they
# will have, at half the time that whole pictures would take.
WHOLE, CUT = (640, 360), (448, 256)
TRAINING_SEEDS, JUDGING_SEEDS = 100_000, 200_000
PICTURES_PER_SCENE, SECONDS_BETWEEN = 10, 2.1
LEAST_VISIBLE = 0.3
# What is smaller has no label.
LEAST_SIDES_PX = (4.5, 7.5)
DEPTH, WIDTH, MOST_CHANNELS = 0.33, 0.125, 512  # of YOLOv8's scales: 0.6 million parameters
LICENCE = (
    "Apache-2.0. Trained from random initial values on pictures that this repository paints. The training program, "
    "ultralytics, is AGPL-3.0, and its maker holds that models trained with it are too; none of its code is in this file."
)


@dataclass(frozen=True, slots=True)
class SceneJob:
    """The pictures of one scene: its seed, how many, where they go, and whether only a part of each is kept."""

    seed: int
    count: int
    folder: Path
    is_cut: bool


def main() -> None:
    """Paint, train, judge, export."""
    parser = argparse.ArgumentParser(description="train the demo's detector")
    parser.add_argument("--images", type=int, default=2400)
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, default=REPOSITORY / "engines" / "demo" / "1")
    wanted = parser.parse_args()
    versions = ", ".join(f"{name} {metadata.version(name)}" for name in ("ultralytics", "torch"))
    command = f"scripts/train_demo_model.py --images {wanted.images} --epochs {wanted.epochs} --seed {wanted.seed} ({versions})"
    with tempfile.TemporaryDirectory(prefix="demo-model-") as folder:
        data = paint_pictures(Path(folder), wanted.images)
        weights = train(data, Path(folder), wanted.epochs, wanted.seed)
        onnx_file, figures = export(weights, data, Path(folder))
        publish(onnx_file, wanted.out, command, figures)


def paint_pictures(folder: Path, images: int) -> Path:
    """Two sets of pictures with labels, as ultralytics reads them; the file that describes them."""
    jobs = []
    for name, first_seed, count in (("train", TRAINING_SEEDS, images), ("judge", JUDGING_SEEDS, max(60, images // 10))):
        for kind in ("images", "labels"):
            (folder / kind / name).mkdir(parents=True)
        scenes = -(-count // PICTURES_PER_SCENE)
        jobs += [SceneJob(first_seed + n, PICTURES_PER_SCENE, folder / "images" / name, name == "train") for n in range(scenes)]
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        for done, _ in enumerate(pool.map(paint_scene, jobs, chunksize=4), 1):
            print(f"\rpainted {done} of {len(jobs)} scenes", end="", flush=True)  # noqa: T201  # a program for people
    print()  # noqa: T201
    names = "".join(f"  {number}: {name}\n" for number, name in enumerate(CLASS_NAMES))
    data = folder / "data.yaml"
    data.write_text(f"path: {folder}\ntrain: images/train\nval: images/judge\nnames:\n{names}", encoding="utf-8")
    return data


def paint_scene(job: SceneJob) -> None:
    """Some pictures of one scene, each as a camera's codec and our scaling would leave it."""
    dice = np.random.default_rng(job.seed)
    settings = SceneSettings(
        seed=job.seed,
        density=float(dice.uniform(0.5, 2.4)),
        light="dusk" if dice.random() < 0.35 else "day",
        rain=bool(dice.random() < 0.3),
    )
    view, world = View.of(settings), World(settings)
    painter = Painter(view, settings)
    for number in range(job.count):
        for _ in range(round(SECONDS_BETWEEN / 0.04)):
            world.step(0.04)
        # People on the white stripes are what is hardest to see.
        waited_s = 0.0
        while number % 2 and waited_s < CYCLE_S and not any(is_crossing(actor) for actor in world.actors):
            world.step(0.04)
            waited_s += 0.04
        actors = world.actors
        picture = painter.paint(actors, world.signals.colour(world.time_s))
        _, squeezed = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, int(dice.integers(55, 96))])
        seen = np.asarray(cv2.imdecode(squeezed, cv2.IMREAD_COLOR), np.uint8)
        small = cv2.resize(seen, WHOLE, interpolation=cv2.INTER_AREA)
        left, top = dice.integers((0, 0), np.subtract(WHOLE, CUT) + 1).tolist() if job.is_cut else (0, 0)
        kept = small[top : top + CUT[1], left : left + CUT[0]] if job.is_cut else small
        # Neighbours in the alphabet are of different scenes, so every batch is mixed.
        name = f"{number:02d}-{job.seed}"
        cv2.imwrite(str(job.folder / f"{name}.jpg"), kept, [cv2.IMWRITE_JPEG_QUALITY, 97])
        labels = job.folder.parent.parent / "labels" / job.folder.name / f"{name}.txt"
        labels.write_text("".join(labels_of(actors, view, (left, top), kept.shape[1::-1])), encoding="utf-8")


def is_crossing(actor: Actor) -> bool:
    """Whether it is somebody on foot on the road."""
    return actor.kind is PERSON and abs(actor.x) < HALF_ROAD_M


def labels_of(actors: list[Actor], view: View, corner: tuple[int, int], size: tuple[int, ...]) -> list[str]:
    """A line for everybody who can be seen in the part of the picture with this corner and size: class, centre and size of the
    box, in shares of that part.
    """
    shares = visible_shares(actors, view)
    lines = []
    for actor in actors:
        box = box_of(actor, view)
        if box is None or shares.get(actor.number, 0.0) < LEAST_VISIBLE:
            continue
        whole = box * (np.array(WHOLE * 2) / np.array((view.width, view.height) * 2)) - np.array(corner * 2)
        part = np.clip(whole, 0, np.array(size * 2))
        sides, whole_sides = part[2:] - part[:2], whole[2:] - whole[:2]
        if (sides < LEAST_SIDES_PX).any() or sides.prod() < LEAST_VISIBLE * whole_sides.prod():
            continue
        (x, y), (w, h) = (part[:2] + part[2:]) / 2 / size, sides / size
        lines.append(f"{CLASS_NAMES.index(actor.kind.name)} {x:.5f} {y:.5f} {w:.5f} {h:.5f}\n")
    return lines


def train(data: Path, folder: Path, epochs: int, seed: int) -> Path:
    """The weights after the last epoch."""
    import yaml
    from ultralytics import YOLO, cfg

    shape = yaml.safe_load((Path(cfg.__file__).parent / "models" / "v8" / "yolov8.yaml").read_text(encoding="utf-8"))
    shape |= {"nc": len(CLASS_NAMES), "scales": {"n": [DEPTH, WIDTH, MOST_CHANNELS]}}
    model_file = folder / "yolov8n-demo.yaml"
    model_file.write_text(yaml.safe_dump(shape), encoding="utf-8")
    model = YOLO(str(model_file), task="detect")
    model.train(
        data=str(data),
        epochs=epochs,
        imgsz=CUT[0],
        rect=True,
        batch=8,
        # A step of the optimiser for each batch; ultralytics' default waits for 64 pictures.
        nbs=8,
        seed=seed,
        deterministic=True,
        device="cpu",
        workers=2,
        optimizer="AdamW",
        lr0=0.0015,
        cos_lr=True,
        warmup_epochs=1,
        mosaic=0.0,
        scale=0.25,
        translate=0.05,
        hsv_v=0.4,
        project=str(folder),
        name="run",
        plots=False,
        val=False,
    )
    return folder / "run" / "weights" / "last.pt"


def export(weights: Path, data: Path, folder: Path) -> tuple[Path, dict[str, float]]:
    """The ONNX file, and how good it is on pictures that it has not seen."""
    import onnx
    from ultralytics import YOLO

    model: Any = YOLO(str(weights))
    judged = model.val(data=str(data), imgsz=WHOLE[0], rect=True, batch=16, device="cpu", plots=False, project=str(folder))
    figures = {"map50": round(float(judged.box.map50), 4), "map50_95": round(float(judged.box.map), 4)}
    exported = Path(model.export(format="onnx", imgsz=WHOLE[::-1], dynamic=True, opset=17, simplify=True))
    content = onnx.load(exported)
    kept = {item.key: item.value for item in content.metadata_props if item.key in ("names", "stride", "task")}
    del content.metadata_props[:]
    del content.graph.value_info[:]  # the shapes of what is in between, which every engine finds by itself: a quarter of the file
    onnx.helper.set_model_props(content, kept)
    onnx.save(content, exported)
    return exported, figures


def publish(onnx_file: Path, out: Path, command: str, figures: dict[str, float]) -> None:
    """Put the model and its manifest where they belong, both or none."""
    part = out.with_name(f".{out.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    shutil.copyfile(onnx_file, part / "model.onnx")
    digest = hashlib.sha256(onnx_file.read_bytes()).hexdigest()
    classes = ", ".join(f'"{name}"' for name in CLASS_NAMES)
    lines = [
        'name = "demo"',
        f'version = "{out.name}"',
        'file = "model.onnx"',
        f'sha256 = "{digest}"',
        f"classes = [{classes}]",
        f"input_px = {WHOLE[0]}",
        f'licence = "{LICENCE}"',
        f'made_by = "{command}"',
        "",
        "[figures]",
        *(f"{name} = {value}" for name, value in figures.items()),
    ]
    (part / "manifest.toml").write_text("\n".join(lines) + "\n", encoding="utf-8")
    shutil.rmtree(out, ignore_errors=True)
    part.rename(out)
    print(f"{out}: {onnx_file.stat().st_size / 1e6:.2f} MB, {figures}")  # noqa: T201


if __name__ == "__main__":
    main()
