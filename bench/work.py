"""The share of the work that is done photo by photo, in parallel, one thread to a process."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from multiprocessing import get_context

import cv2

from bench import effect_numbers, loop_numbers, motion_numbers, photos, report
from bench.samples import Sample

CHUNK = 6
"""Moves of one photo that a process takes at a time; it keeps the scene in between."""
QUICK_MOVES = ("dolly_in", "zoom_out", "pan_right", "truck_left", "orbit", "static")


@dataclass(frozen=True)
class Task:
    photo: str
    moves: tuple[str, ...]
    groups: tuple[str, ...]
    side: int

    def run(self) -> list[Sample]:
        scene = photos.scene(self.photo, self.side)
        samples: list[Sample] = []
        for move in self.moves:
            samples += motion_numbers.measure(self.photo, scene, move, self.groups)
            if "loops" in self.groups:
                samples += loop_numbers.measure(self.photo, scene, move)
                samples += loop_numbers.clouds(self.photo, scene) if move == "static" else ()
            if "effects" in self.groups and move == "static":
                samples += effect_numbers.measure(self.photo, scene)
        return samples


def tasks(names: Sequence[str], moves: Sequence[str], groups: Sequence[str], side: int) -> list[Task]:
    return [
        Task(name, tuple(moves[i : i + CHUNK]), tuple(groups), side)
        for name in names
        for i in range(0, len(moves), CHUNK)
    ]


def run(waiting: Sequence[Task]) -> Iterator[Sample]:
    """Do all tasks on all cores; samples come in the order of the tasks."""
    context = get_context("spawn")
    with ProcessPoolExecutor(os.cpu_count(), mp_context=context, initializer=_one_thread) as pool:
        futures = {pool.submit(task.run): task for task in waiting}
        for number, done in enumerate(as_completed(futures), 1):
            done.result()
            task = futures[done]
            report.talk(f"{number}/{len(waiting)} {task.photo}: {' '.join(task.moves)}")
        for future in futures:
            yield from future.result()


def _one_thread() -> None:
    cv2.setNumThreads(1)
