/** Fields that the form of a plan has more than once. */
import type { JSX } from "preact";
import { timeZone } from "../../../../session/session.ts";
import { MomentField } from "../../../../widgets/date-field.tsx";
import { isoOf, MINUTE_MS, STEP_MS } from "../plan/local-days.ts";

/** A local time of a plan, which is told as programs write it; empty for none. */
export function TimeField({
  id,
  label,
  value,
  fault,
  set,
}: {
  id: string;
  label: string;
  value: string;
  fault: string | null;
  set: (time: string) => void;
}): JSX.Element {
  return (
    <MomentField
      id={id}
      label={label}
      ms={value === "" ? null : Date.parse(value)}
      zone={timeZone.value}
      minutes={STEP_MS / MINUTE_MS}
      fault={fault}
      set={(ms) => set(ms === null ? "" : isoOf(ms))}
    />
  );
}

export function FieldFault({ id, text }: { id?: string; text: string | null }): JSX.Element | null {
  return text === null ? null : (
    <p id={id} class="field-fault" role="alert">
      {text}
    </p>
  );
}
