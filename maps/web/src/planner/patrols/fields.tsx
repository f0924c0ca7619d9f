/** Fields that the form of a plan has more than once. */
import type { JSX } from "preact";
import { timeZone } from "../../session.ts";
import { isoOf, momentOf, wallOf } from "./wall.ts";
import { utcWords } from "./words.ts";

/** A local time; what it is in UTC stands under it. */
export function TimeField({ id, label, value, fault, set }: { id: string; label: string; value: string; fault: string | null; set: (time: string) => void }): JSX.Element {
  const wall = value === "" ? "" : wallOf(Date.parse(value), timeZone.value);
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <input id={id} type="datetime-local" step={900} value={wall} aria-invalid={fault !== null} aria-describedby={`${id}-utc`} onChange={(event) => {
        const ms = momentOf(event.currentTarget.value, timeZone.peek());
        set(ms === null ? "" : isoOf(ms));
      }} />
      <small id={`${id}-utc`} class="num dim">{value === "" ? "" : utcWords(value)}</small>
      <FieldFault text={fault} />
    </div>
  );
}

export function FieldFault({ id, text }: { id?: string; text: string | null }): JSX.Element | null {
  return text === null ? null : <p id={id} class="field-fault" role="alert">{text}</p>;
}
