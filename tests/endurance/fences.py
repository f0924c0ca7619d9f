"""What geofences find and what they raise falsely, cell by cell.

    python -m tests.endurance.fences [--seed 41] [--share 1.0] [--only WORD] [--json FILE]

At share 1 each cell has at least 1,000 passages or 3,000 boat-hours; the judge and its boats are
`tests/gis/fences/simulation.py`. 1 is returned if a cell misses its goal.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from tests.benchmarks.figures import as_text
from tests.gis.fences.simulation import (
    Radio,
    Score,
    moored_inside,
    moored_outside,
    moving,
    passes,
    river_passes,
)


class Cell(NamedTuple):
    """One cell of the table.

    Attributes:
        name: What boats do.
        radio: What their radios tell.
        run: Returns its score, from a seed and a share of the full size.
        recall: The least share of passages to be found; 0: not asked.
        false: The most false alarms in 1,000 boat-hours; infinite: not asked.
    """

    name: str
    radio: Radio
    run: Callable[[int, float], Score]
    recall: float
    false: float


def cells() -> Iterator[Cell]:
    """Yield all cells."""
    for every_s in (10.0, 30.0, 60.0):
        for accuracy_m, tells in ((5.0, True), (15.0, True), (15.0, False)):
            for width_m in (60.0, 100.0, 150.0, 300.0):
                radio = Radio(every_s, accuracy_m, tells)

                def through(seed: int, share: float, w: float = width_m, r: Radio = radio) -> Score:
                    return passes(seed, round(2100 * share), w, r)

                yield Cell(f"through {width_m:.0f} m", radio, through, 0.99, math.inf)
    for every_s in (120.0, 240.0, 300.0):
        for accuracy_m, tells in ((5.0, True), (15.0, False)):
            radio = Radio(every_s, accuracy_m, tells)

            def along(seed: int, share: float, r: Radio = radio) -> Score:
                return river_passes(seed, round(1100 * share), 300.0, r)

            yield Cell("river, across 300 m", radio, along, 0.95, 1.0)

            def beside(seed: int, share: float, r: Radio = radio) -> Score:
                return river_passes(seed, round(1100 * share), 300.0, r, beside=True)

            yield Cell("river, beside a bank", radio, beside, 0.0, 1.0)
    for every_s in (10.0, 60.0, 300.0):
        radio = Radio(every_s, tells_accuracy=False)

        def inside(seed: int, share: float, r: Radio = radio) -> Score:
            count, _, soon = moored_inside(seed, round(300 * share), r)
            return Score(passages=count, found=soon, boat_hours=2.0 * count)

        yield Cell("moored 30 m inside, told in 10 min", radio, inside, 0.99, math.inf)
    for every_s in (10.0, 60.0, 300.0):
        for accuracy_m, accuracy, speed in (
            (5.0, True, False), (15.0, False, True), (15.0, False, False),
        ):  # fmt: skip
            for outliers in (0.0, 0.02):
                radio = Radio(every_s, accuracy_m, accuracy, speed, outliers)
                most = 1.0 if accuracy or speed else 10.0

                def outside(seed: int, share: float, r: Radio = radio) -> Score:
                    return moored_outside(seed, 3000.0 * share, r)

                yield Cell("moored outside", radio, outside, 0.0, most)

                def about(seed: int, share: float, r: Radio = radio) -> Score:
                    return moving(seed, 3000.0 * share, r)

                yield Cell("going about", radio, about, 0.0, most)


def main() -> int:
    """Run the cells and print the table."""
    parser = argparse.ArgumentParser(prog="python -m tests.endurance.fences")
    parser.add_argument("--seed", type=int, default=41)
    parser.add_argument("--share", type=float, default=1.0, help="of the full size")
    parser.add_argument("--only", default="", help="cells whose name holds this")
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    options = parser.parse_args()
    rows = [["cell", "every", "accuracy", "speed", "outliers", "passages", "recall", "told after",
             "false/1000 h", "boat-hours", "between", "may have", "goal"]]  # fmt: skip
    figures: list[dict[str, object]] = []
    missed = 0
    for number, cell in enumerate(cells()):
        if options.only not in cell.name:
            continue
        began = time.process_time()
        score, radio = cell.run(options.seed * 1000 + number, options.share), cell.radio
        kept = score.false_per_1000_h <= cell.false
        kept &= not cell.recall or score.recall >= cell.recall
        missed += not kept
        after = f"{np.median(score.delays):.0f} s" if score.delays else ""
        accuracy = f"{radio.accuracy_m:.0f} m" + ("" if radio.tells_accuracy else ", not told")
        rows.append(
            [cell.name, f"{radio.every_s:.0f} s", accuracy, "told" if radio.tells_speed else "",
             f"{radio.outliers:.0%}" if radio.outliers else "", f"{score.passages:,}",
             f"{score.recall:.2%}" if score.passages else "", after,
             f"{score.false_per_1000_h:.2f}", f"{score.boat_hours:,.0f}", f"{score.between:,}",
             f"{score.maybe:,}" if score.maybe else "", "kept" if kept else "MISSED"]
        )  # fmt: skip
        spent = time.process_time() - began
        print(f"{' · '.join(rows[-1])} ({spent:.0f} s)", file=sys.stderr, flush=True)
        figures.append(
            {"cell": cell.name, **radio._asdict(), **score._replace(delays=())._asdict()}
        )
    print(as_text(rows))
    if options.json is not None:
        options.json.write_text(json.dumps({"seed": options.seed, "cells": figures}))
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
