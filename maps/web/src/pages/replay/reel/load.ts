/** Loads a replay: what there is, then positions slice by slice, so that it shows how far it is and can be stopped. */

import { CallError, readAnswer } from "../../../wire/calls.ts";
import { Reel } from "../../../wire/replay.ts";
import { type Block, unpack } from "./columns.ts";
import { type Range, serverQuery } from "./range.ts";
import { fetchPart } from "./requests.ts";
import { type UnitTrack, unitTracksOf } from "./unit-track.ts";

/** Most positions that this page holds: 60 MB. */
const MOST = 1_500_000;
/** How long a slice is at first; one that holds too much is halved. */
const SLICE_MS = 2 * 3_600_000;
const SHORTEST_MS = 60_000;

export interface Loaded {
  range: Range;
  /** As they were asked for; empty for all. */
  asked: readonly string[];
  reel: Reel;
  films: ReadonlyMap<string, UnitTrack>;
  positions: number;
}

export interface Progress {
  done: number;
  all: number;
  positions: number;
}

/** There are more positions than the page can hold. */
export class TooMany extends Error {}

export async function load(
  range: Range,
  asked: readonly string[],
  stop: AbortSignal,
  told: (progress: Progress) => void,
): Promise<Loaded> {
  told({ done: 0, all: 1, positions: 0 });
  const reel = await readAnswer(
    await fetchPart(`/api/replay?${serverQuery(range, asked)}`, { stop }),
    "GET /api/replay",
    Reel,
  );
  const waiting = slices(range);
  const blocks: { startMs: number; block: Block }[] = [];
  let [all, done, positions] = [waiting.length, 0, 0];
  const take = async (): Promise<void> => {
    for (let slice = waiting.shift(); slice !== undefined; slice = waiting.shift()) {
      told({ done, all, positions });
      try {
        const block = unpack(
          await (await fetchPart(`/api/replay/positions?${serverQuery(slice, asked)}`, { stop })).arrayBuffer(),
        );
        positions += block.timeMs.length;
        if (positions > MOST) throw new TooMany();
        blocks.push({ startMs: slice.startMs, block });
        done += 1;
      } catch (fault) {
        if (!(fault instanceof CallError) || fault.status !== 409 || slice.endMs - slice.startMs < SHORTEST_MS)
          throw fault;
        const middle = Math.round((slice.startMs + slice.endMs) / 2);
        waiting.unshift({ startMs: slice.startMs, endMs: middle }, { startMs: middle, endMs: slice.endMs });
        all += 1;
      }
    }
  };
  // Two at a time: while one is on its way the server reads the next.
  await Promise.all([take(), take()]);
  told({ done: all, all, positions });
  blocks.sort((a, b) => a.startMs - b.startMs);
  return { range, asked, reel, films: unitTracksOf(blocks.map(({ block }) => block)), positions };
}

export function slices(range: Range): Range[] {
  const found: Range[] = [];
  for (let startMs = range.startMs; startMs < range.endMs; startMs += SLICE_MS)
    found.push({ startMs, endMs: Math.min(startMs + SLICE_MS, range.endMs) });
  return found;
}
