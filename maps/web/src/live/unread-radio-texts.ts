/** Which texts are news to a console. Pure. */
import type { UnitState } from "../wire/units.ts";

/** One text to the office. */
export interface RadioText {
  unit: string;
  at: string;
  text: string;
  phrase: string | null;
}

/** A page that is opened shows the newest text of each unit, unless it is older than this. */
const LATELY_MS = 12 * 3600e3;

/** Of one unit so many of the newest wait: a page may stay open for days while nobody reads. */
const MOST_EACH = 20;

/** Those of `texts`, oldest first, that go on waiting. */
export function waitingOn(texts: readonly RadioText[]): RadioText[] {
  const count = new Map<string, number>();
  return [...texts]
    .reverse()
    .filter(({ unit }) => {
      count.set(unit, (count.get(unit) ?? 0) + 1);
      return (count.get(unit) ?? 0) <= MOST_EACH;
    })
    .reverse();
}

/**
 * Texts of `units` that are later than what was read and than what waits. A unit tells its newest text only, with its
 * time; words that came with a position or a call for help have none and are no text to the office.
 */
export function newTexts(
  waiting: readonly RadioText[],
  units: Iterable<UnitState>,
  readUpTo: Readonly<Record<string, string>>,
  nowMs: number,
): RadioText[] {
  const found: RadioText[] = [];
  for (const unit of units) {
    if (!unit.text_at || !unit.text) continue;
    const at = Date.parse(unit.text_at);
    const known = waiting.findLast((each) => each.unit === unit.id)?.at ?? readUpTo[unit.id];
    if (nowMs - at > LATELY_MS || (known !== undefined && at <= Date.parse(known))) continue;
    found.push({ unit: unit.id, at: unit.text_at, text: unit.text, phrase: unit.phrase ?? null });
  }
  return found;
}
