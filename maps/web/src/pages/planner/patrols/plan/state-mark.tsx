/** A patrol's state by form: the same sign on its bar, in the list and in its head. */
import type { JSX } from "preact";
import type { PatrolState } from "../../../../wire/patrols.ts";
import { t } from "../../../../words/index.ts";

/** Drawn in 16 x 16: a pen, an open ring, one with a seal, a flag, a way, a square that is full, a cross. */
const DRAWINGS: Record<PatrolState, string> = {
  draft: "M3 13 4 9.500 11 2.500 13.500 5 6.500 12ZM3 13l3.500-1",
  proposed:
    "M8 2.500a5.500 5.500 0 1 1 0 11 5.500 5.500 0 0 1 0-11ZM6.300 6.500a1.800 1.800 0 1 1 2.600 1.600c-.6.300-.9.600-.9 1.200M8 11.300v.1",
  signed: "M3 12.500c2-4 3-7 4-7s-.5 5 .8 5 1.500-2 2.400-2 .6 1.500 2.800 1.500M3 14.500h10",
  ready: "M4 14V2.500M4 3h8l-2 2.700L12 8.500H4",
  "under way": "M3 3l6 5-6 5ZM9 3l5 5-5 5",
  ended: "M2.500 2.500h11v11h-11ZM5 8l2.200 2.500L11 5.500",
  cancelled: "M3 3l10 10M13 3 3 13",
};

const KEYS = {
  draft: "patrol.state.draft",
  proposed: "patrol.state.proposed",
  signed: "patrol.state.signed",
  ready: "patrol.state.ready",
  "under way": "patrol.state.under_way",
  ended: "patrol.state.ended",
  cancelled: "patrol.state.cancelled",
} as const;

export function stateWords(state: PatrolState): string {
  return t(KEYS[state]);
}

export function StateMark({ state }: { state: PatrolState }): JSX.Element {
  return (
    <svg class={`state-mark state-mark-${state.replace(" ", "-")}`} viewBox="0 0 16 16" aria-hidden="true">
      <path d={DRAWINGS[state]} />
    </svg>
  );
}
