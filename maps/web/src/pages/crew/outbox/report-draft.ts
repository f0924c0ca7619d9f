/** What is being written in the report tab, kept sealed a moment after it changes. */

import { effect, signal } from "@preact/signals";
import { Debounce } from "../../../browser/debounce.ts";
import type { Category, TargetKind } from "../../../phone/reports.ts";
import { keepDraft, opened } from "./crew.ts";

export interface Draft {
  kind: "incident" | "sighting";
  /** What was sent last, so that the page can say so. */
  kept: "" | "incident" | "sighting";
  keptId: string;
  category: Category | "";
  narrative: string;
  what: string;
  amount: string;
  unit: string;
  arrested: string;
  found: string;
  /** Ids of photos that lie sealed beside. */
  photos: string[];
  target: string;
  seen: TargetKind;
  name: string;
  note: string;
  bearing: string;
  metres: string;
  course: string;
}

export const EMPTY: Draft = {
  kind: "sighting",
  kept: "",
  keptId: "",
  category: "",
  narrative: "",
  what: "",
  amount: "",
  unit: "",
  arrested: "",
  found: "",
  photos: [],
  target: "",
  seen: "vessel",
  name: "",
  note: "",
  bearing: "",
  metres: "",
  course: "",
};

export const draft = signal<Draft>(EMPTY);

const KEEP_AFTER_MS = 500;
const keeping = new Debounce();

effect(() => {
  const now = draft.value;
  keeping.cancel();
  if (now === EMPTY) return; // nobody has written anything: what was kept stays
  // Once it is sent nobody may find it again as if it were not.
  keeping.start(
    () => {
      if (opened.peek() !== null) void keepDraft({ ...now, kept: "", keptId: "" });
    },
    now.kept === "" ? KEEP_AFTER_MS : 0,
  );
});

effect(() => {
  if (opened.value === null) {
    keeping.cancel();
    draft.value = EMPTY; // another crew member may come next
  }
});

export function change(some: Partial<Draft>): void {
  draft.value = { ...draft.peek(), kept: "", keptId: "", ...some };
}

/** A field of the form. */
export function field(name: keyof Draft): { value: string; onInput: (event: Event) => void } {
  return {
    value: String(draft.value[name]),
    onInput: (event) => change({ [name]: (event.currentTarget as HTMLInputElement).value }),
  };
}
