/**
 * The fields of a sector's limits: how long boats may keep to one place, lie together or stay, and how fast they may
 * be.
 */
import type { JSX } from "preact";
import { WHOSE, type Whose } from "../../../wire/sectors.ts";
import { t } from "../../../words/index.ts";
import { FIELDS, isGood, type TypedLimits, WITHIN_M } from "./draft/limits.ts";

export function LimitFields({ now, put }: { now: TypedLimits; put: (next: TypedLimits) => void }): JSX.Element {
  const isFilled = FIELDS.some(({ field, beside }) => beside === undefined && (now[field] ?? "").trim() !== "");
  return (
    <fieldset class="limits">
      <legend>{t("sector.limits")}</legend>
      <p class="hint">{t("sector.limits_what")}</p>
      {FIELDS.filter(({ beside }) => beside === undefined || (now[beside] ?? "").trim() !== "").map((each) => {
        const { field, words, least, most, beside } = each;
        const good = isGood(each, now);
        const id = `limit-${field}`;
        return (
          <div key={field} class={beside === undefined ? "limit" : "limit beside"}>
            <label for={id}>{t(words)}</label>
            <input
              id={id}
              inputMode="decimal"
              autocomplete="off"
              maxLength={8}
              class="num"
              placeholder={beside === undefined ? undefined : String(WITHIN_M)}
              value={now[field] ?? ""}
              aria-invalid={!good}
              aria-describedby={good ? undefined : `${id}-fault`}
              onInput={(event) => put({ ...now, [field]: event.currentTarget.value })}
            />
            {!good && (
              <p class="field-fault" id={`${id}-fault`}>
                {t("sector.limit_range", { least, most })}
              </p>
            )}
          </div>
        );
      })}
      {isFilled && (
        <div class="limit">
          <label for="limit-whose">{t("sector.limits_whose")}</label>
          <select
            id="limit-whose"
            value={now.whose}
            onChange={(event) => put({ ...now, whose: event.currentTarget.value as Whose })}
          >
            {WHOSE.map((each) => (
              <option key={each} value={each}>
                {t(`sector.whose.${each}`)}
              </option>
            ))}
          </select>
        </div>
      )}
    </fieldset>
  );
}
