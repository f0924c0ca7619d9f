/** A choice of file format. */
import type { Signal } from "@preact/signals";
import type { JSX } from "preact";
import { FORMATS, type FormatName } from "../files.ts";
import { t } from "../i18n/index.ts";

export function FormatChoice({ id, value }: { id: string; value: Signal<FormatName> }): JSX.Element {
  return (
    <select id={id} value={value.value} onChange={(event) => { value.value = event.currentTarget.value as FormatName; }}>
      {FORMATS.map((name) => <option key={name} value={name}>{t(`format.${name}`)}</option>)}
    </select>
  );
}
