/** Where one unit was, and when each position was known: asked for any moment, in both ways of looking at it. Pure. */
import { type Block, type BlockUnit, BY_VOICE, CALLS, JUMP, NONE_16 } from "./columns.ts";

/** `known`: as it was known then, by when it was heard; `was`: as it was, by when it was there. */
export type Look = "known" | "was";

type Column =
  | "timeMs"
  | "knownMs"
  | "lonE7"
  | "latE7"
  | "riverKm"
  | "speedCmps"
  | "courseCdeg"
  | "headingCdeg"
  | "accuracyM"
  | "flags";
const COLUMNS: readonly Column[] = [
  "timeMs",
  "knownMs",
  "lonE7",
  "latE7",
  "riverKm",
  "speedCmps",
  "courseCdeg",
  "headingCdeg",
  "accuracyM",
  "flags",
];

export class UnitTrack {
  /** Positions that can be believed, by when they were there. */
  readonly timeMs: Float64Array;
  readonly knownMs: Float64Array;
  readonly #columns: Record<Column, ArrayLike<number>>;
  /** When something was heard, in order, and the number of the newest position known by then. */
  readonly #heardMs: Float64Array;
  readonly #newest: Int32Array;
  /** Positions that nothing could have reached; they are not drawn. */
  readonly jumps: number;
  readonly #bends = new Map<number, [number, number][]>();

  constructor(columns: Record<Column, ArrayLike<number>>, bends: ReadonlyMap<number, readonly number[]> = new Map()) {
    const all = columns.timeMs.length;
    const indices: number[] = [];
    for (let n = 0; n < all; n += 1) if (((columns.flags[n] ?? 0) & JUMP) === 0) indices.push(n);
    this.jumps = all - indices.length;
    indices.forEach((n, place) => {
      const e7 = bends.get(n);
      if (e7 !== undefined)
        this.#bends.set(
          place,
          Array.from({ length: e7.length / 2 }, (_, i) => [(e7[2 * i] ?? 0) / 1e7, (e7[2 * i + 1] ?? 0) / 1e7]),
        );
    });
    const told = Object.fromEntries(
      COLUMNS.map((name) => [name, Float64Array.from(indices, (n) => columns[name][n] ?? 0)]),
    ) as Record<Column, Float64Array>;
    this.#columns = told;
    this.timeMs = told.timeMs;
    // A device's clock may be ahead: nothing was known before it was so.
    this.knownMs = told.knownMs.map((known, n) => Math.max(known, told.timeMs[n] ?? known));
    const order = Uint32Array.from(indices.keys()).sort((a, b) => (this.knownMs[a] ?? 0) - (this.knownMs[b] ?? 0));
    this.#heardMs = Float64Array.from(order, (n) => this.knownMs[n] ?? 0);
    this.#newest = new Int32Array(order.length);
    let best = -1;
    order.forEach((n, place) => {
      best = Math.max(best, n);
      this.#newest[place] = best;
    });
  }

  get length(): number {
    return this.timeMs.length;
  }

  /** Number of the position where it was last seen at a moment; -1 before the first. */
  newestAt(ms: number, look: Look): number {
    if (look === "was") return after(this.timeMs, ms) - 1;
    return this.#newest[after(this.#heardMs, ms) - 1] ?? -1;
  }

  /** When a position came to count, in order: when it was there, or when it was heard. */
  times(look: Look): Float64Array {
    return look === "was" ? this.timeMs : this.#heardMs;
  }

  /** How many positions count at a moment: what grows with it. */
  countAt(ms: number, look: Look): number {
    return after(this.times(look), ms);
  }

  /** Numbers of the positions from one time to before another that count at a moment, by when they were there. */
  between(fromMs: number, toMs: number, ms: number, look: Look): number[] {
    const first = before(this.timeMs, fromMs);
    const end = Math.min(before(this.timeMs, toMs), after(this.timeMs, ms));
    const found: number[] = [];
    for (let n = first; n < end; n += 1) if (look === "was" || (this.knownMs[n] ?? 0) <= ms) found.push(n);
    return found;
  }

  /** How many positions from one time to before another count at a moment. */
  countBetween(fromMs: number, toMs: number, ms: number, look: Look): number {
    const first = before(this.timeMs, fromMs);
    const end = Math.min(before(this.timeMs, toMs), after(this.timeMs, ms));
    if (look === "was") return Math.max(0, end - first);
    let count = 0;
    for (let n = first; n < end; n += 1) if ((this.knownMs[n] ?? 0) <= ms) count += 1;
    return count;
  }

  /** The last position before a time that counts at a moment; -1 for none. */
  lastBefore(timeMs: number, ms: number, look: Look): number {
    let n = before(this.timeMs, timeMs) - 1;
    while (n >= 0 && look === "known" && (this.knownMs[n] ?? 0) > ms) n -= 1;
    return n;
  }

  /** When something changes next after a moment, or before it; null when nothing does. */
  changeAfter(ms: number, look: Look): number | null {
    const times = this.times(look);
    return times[after(times, ms)] ?? null;
  }

  /** When something changed last, up to a moment; null before the first. */
  lastAt(ms: number, look: Look): number | null {
    const times = this.times(look);
    return times[after(times, ms) - 1] ?? null;
  }

  changeBefore(ms: number, look: Look): number | null {
    const times = this.times(look);
    return times[before(times, ms) - 1] ?? null;
  }

  place(n: number): [number, number] {
    return [(this.#columns.lonE7[n] ?? 0) / 1e7, (this.#columns.latE7[n] ?? 0) / 1e7];
  }

  /** Where the line to a position from the one before it bends, as it goes along a river. */
  bends(n: number): readonly [number, number][] {
    return this.#bends.get(n) ?? [];
  }

  /** What was said of a position, absent where nobody said so. */
  told(n: number): {
    speed_mps?: number;
    course_deg?: number;
    heading_deg?: number;
    accuracy_m?: number;
    river_km?: number;
    by_voice: boolean;
    calls: boolean;
  } {
    const { speedCmps, courseCdeg, headingCdeg, accuracyM, riverKm, flags } = this.#columns;
    const bits = flags[n] ?? 0;
    const valueAt = (values: ArrayLike<number>, scale: number): number | undefined => {
      const value = values[n] ?? NONE_16;
      return value === NONE_16 ? undefined : value / scale;
    };
    const some = {
      speed_mps: valueAt(speedCmps, 100),
      course_deg: valueAt(courseCdeg, 100),
      heading_deg: valueAt(headingCdeg, 100),
      accuracy_m: valueAt(accuracyM, 1),
      river_km: Number.isFinite(riverKm[n]) ? riverKm[n] : undefined,
    };
    const known = Object.fromEntries(Object.entries(some).filter(([, value]) => value !== undefined));
    return { ...known, by_voice: (bits & BY_VOICE) !== 0, calls: (bits & CALLS) !== 0 };
  }
}

/** Makes the films of blocks that follow each other in time. */
export function unitTracksOf(blocks: readonly Block[]): Map<string, UnitTrack> {
  const parts = new Map<string, { block: Block; first: number; unit: BlockUnit }[]>();
  for (const block of blocks) {
    let first = 0;
    for (const unit of block.units) {
      parts.set(unit.id, [...(parts.get(unit.id) ?? []), { block, first, unit }]);
      first += unit.count;
    }
  }
  const films = new Map<string, UnitTrack>();
  for (const [id, some] of parts) {
    const length = some.reduce((sum, part) => sum + part.unit.count, 0);
    const columns = Object.fromEntries(
      COLUMNS.map((name) => {
        const values = new Float64Array(length);
        let at = 0;
        for (const {
          block,
          first,
          unit: { count },
        } of some) {
          values.set(block[name].subarray(first, first + count), at);
          at += count;
        }
        return [name, values];
      }),
    ) as Record<Column, Float64Array>;
    const bends = new Map<number, readonly number[]>();
    let before = 0;
    for (const { unit } of some) {
      for (const [n = 0, ...e7] of unit.bends ?? []) bends.set(before + n, e7);
      before += unit.count;
    }
    films.set(id, new UnitTrack(columns, bends));
  }
  return films;
}

/** The first moment of a range at which a position counts; null where none does before its end. */
export function firstReport(films: Iterable<UnitTrack>, startMs: number, endMs: number, look: Look): number | null {
  let first = Infinity;
  for (const film of films) first = Math.min(first, film.changeAfter(startMs - 1, look) ?? Infinity);
  return first < endMs ? first : null;
}

/** How many positions came to count in each of `count` equal parts of a time; what was heard after it is in none. */
export function densityOf(
  films: Iterable<UnitTrack>,
  startMs: number,
  endMs: number,
  count: number,
  look: Look,
): number[] {
  const bins = new Array<number>(count).fill(0);
  const wide = (endMs - startMs) / count;
  for (const film of films) {
    for (const time of film.times(look)) {
      if (time > endMs) break;
      const bin = Math.min(count - 1, Math.floor((time - startMs) / wide));
      if (bin >= 0) bins[bin] = (bins[bin] ?? 0) + 1;
    }
  }
  return bins;
}

/** How many of sorted numbers are at most `value`. */
function after(sorted: Float64Array, value: number): number {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((sorted[middle] ?? 0) <= value) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** How many of sorted numbers are below `value`. */
function before(sorted: Float64Array, value: number): number {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((sorted[middle] ?? 0) < value) low = middle + 1;
    else high = middle;
  }
  return low;
}
