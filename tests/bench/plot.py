"""Draws what growth.py found: a PNG for each subject. Needs matplotlib.

python tests/bench/plot.py FILE DIRECTORY
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import matplotlib  # type: ignore[import-not-found]

matplotlib.use("Agg")
from matplotlib import pyplot  # type: ignore[import-not-found]


def draw(subject: str, found: dict[str, list[list[float]]], target: Path) -> None:
    figure, (time, memory) = pyplot.subplots(1, 2, figsize=(8, 3), layout="constrained")
    for module, rows in found.items():
        counts, seconds, kilobytes = zip(*rows, strict=True)
        time.plot(counts, seconds, marker="o", label=module)
        memory.plot(counts, [max(k, 1) for k in kilobytes], marker="o", label=module)
    for axes, label in ((time, "seconds"), (memory, "KB more")):
        axes.set(xscale="log", yscale="log", xlabel=subject, ylabel=label)
        axes.grid(alpha=0.3)
        axes.legend()
    figure.savefig(target, dpi=80)


def main() -> int:
    source, directory = Path(sys.argv[1]), Path(sys.argv[2])
    for subject, found in json.loads(source.read_text()).items():
        draw(subject, found, directory / f"growth-{subject}.png")
    return 0


if __name__ == "__main__":
    sys.exit(main())
