"""How fast our decoders are beside others, protocol by protocol, in CPU time of the same run.

    python -m tests.benchmarks.decode_rate [--reps 5] [--only NAME] [--json FILE]

Ours do the whole of what a channel does: cut the byte stream into frames, check, and make
Transmissions. The others get messages that are cut already. Where no decoder with a permissive
licence is known, what stands beside ours is the least that any would do; see `contests`.
"""

from __future__ import annotations

import argparse
import json
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

from radio_gateway.decoding.decoder import DecoderSettings
from radio_gateway.decoding.framing import Frame
from radio_gateway.errors.errors import FrameError
from radio_gateway.protocols import PROTOCOLS
from tests.benchmarks.contests import Contest, contests, rate_of
from tests.benchmarks.figures import as_text
from tests.benchmarks.goals import Verdict, told
from tests.benchmarks.machine import describe
from tests.fuzz.exercise import SOURCE
from tests.fuzz.samples import SECRETS, TOPICS

_HEARD_AT = datetime(2026, 11, 25, 12, 0, 0, tzinfo=UTC)


def main() -> None:
    """Measure and print all contests."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.decode_rate")
    parser.add_argument("--reps", type=int, default=5, help="measurements behind each median")
    parser.add_argument("--only", action="append", help="a protocol; may be given again")
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    options = parser.parse_args()

    rows = [
        [
            "decoder",
            "messages",
            "told",
            "ours /s",
            "beside",
            "its /s",
            "ratio",
            "to reach",
            "reached",
        ]
    ]
    results: list[dict[str, Any]] = []
    for contest in contests(options.only):
        rates, messages = _measured(contest, options.reps)
        ours, theirs = median(mine for mine, _ in rates), median(other for _, other in rates)
        ratio = median(mine / other for mine, other in rates)
        reached = contest.goal is None or ratio >= contest.goal
        rows.append(
            [
                contest.protocol,
                contest.what,
                f"{messages:,}",
                f"{ours:,.0f}",
                contest.peer,
                f"{theirs:,.0f}",
                f"{ratio:.2f} x",
                "" if contest.goal is None else f">= {contest.goal:g} x",
                "" if contest.goal is None else "yes" if reached else "no",
            ]
        )
        results.append(
            {"protocol": contest.protocol, "what": contest.what, "peer": contest.peer}
            | {"rates": rates, "ratio": ratio, "goal": contest.goal, "reached": reached}
            | {"decoded": messages}
        )
    machine = describe()
    for key, value in machine.items():
        print(f"{key}: {value}")
    print(f"\n{as_text(rows)}")
    if options.json is not None:
        judged = [
            Verdict(
                goal=9,
                what=f"decode {each['protocol']}: against {each['peer']}",
                value=each["ratio"],
                bound=each["goal"],
            )
            for each in results
        ]
        figures = {"machine": machine, "contests": results, "goals": told(judged)}
        options.json.write_text(json.dumps(figures, indent=1))


def _measured(contest: Contest, reps: int) -> tuple[list[tuple[float, float]], int]:
    """Return (ours, theirs) in messages a second, and how many transmissions ours made."""
    pieces = contest.pieces

    def ours() -> int:
        return _decode(contest.protocol, pieces)

    said = ours()  # warms up
    if not said:
        raise AssertionError(f"{contest.protocol} made nothing of its messages")
    rates = [(rate_of(ours, contest.count), contest.theirs()) for _ in range(reps)]
    return rates, said


def _decode(protocol: str, pieces: list[bytes]) -> int:
    """Return how many transmissions a channel makes of what is read piece by piece."""
    module = PROTOCOLS[protocol]
    framer = module.FRAMING()
    decoder = module.decoder(DecoderSettings(secret=SECRETS.get(protocol)))
    topic = TOPICS.get(protocol)
    count = 0
    for piece in pieces:
        for payload in framer.feed(piece):
            try:
                count += len(decoder.decode(Frame(payload, _HEARD_AT, topic, SOURCE)))
            except FrameError:
                continue
        decoder.answers()
    return count + len(decoder.flush(None))


if __name__ == "__main__":
    main()
