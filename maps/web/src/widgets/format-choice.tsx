/** A choice of file format. */
import type { Signal } from "@preact/signals";
import type { JSX } from "preact";
import { FORMATS, type FormatName } from "../session/files.ts";
import { t } from "../words/index.ts";

export function FormatChoice({ id, value }: { id: string; value: Signal<FormatName> }): JSX.Element {
  return (
    <select
      id={id}
      value={value.value}
      onChange={(event) => {
        value.value = event.currentTarget.value as FormatName;
      }}
    >
      {FORMATS.map((name) => (
        <option key={name} value={name}>
          {t(`format.${name}`)}
        </option>
      ))}
    </select>
  );
}
