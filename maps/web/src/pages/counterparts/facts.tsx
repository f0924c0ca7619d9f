/** Facts about a counterpart: a name and what is so, row by row. */
import type { ComponentChildren, JSX } from "preact";
import { now } from "../../session/clock.ts";
import { timeZone } from "../../session/session.ts";
import { minuteWords } from "../../session/times.ts";

export function Fact({ name, children }: { name: string; children: ComponentChildren }): JSX.Element {
  return (
    <>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </>
  );
}

/** A moment to the minute, its date where that is not today's. */
export function timeWords(at: string): string {
  return minuteWords(Date.parse(at), now.value, timeZone.value);
}
