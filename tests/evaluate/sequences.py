"""A small MOT sequence."""

from __future__ import annotations

from pathlib import Path


def walk(ids: tuple[int, ...], last: str) -> str:
    """Ten frames of somebody who walks to the right, with these ids one after the other."""
    return "".join(f"{n + 1},{ids[n * len(ids) // 10]},{10 * n},50,40,80,{last}\n" for n in range(10))


TRUTH, DETECTIONS = walk((1,), "1,1,1"), walk((-1,), "0.9")


def write_sequence(folder: Path, truth: str = TRUTH, detections: str = DETECTIONS) -> Path:
    """A sequence with these two files."""
    for place, text in (("gt/gt.txt", truth), ("det/det.txt", detections)):
        (folder / place).parent.mkdir(parents=True)
        (folder / place).write_text(text)
    return folder
