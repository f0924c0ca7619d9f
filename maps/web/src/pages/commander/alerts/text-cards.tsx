/** Texts to the office that nobody at this console has read: who wrote what, and that it was read. */
import type { JSX } from "preact";
import { toWrite } from "../../../live/messages.ts";
import { markTextsRead, unread, writers } from "../../../live/radio-texts.ts";
import { everyone } from "../../../live/signals.ts";
import type { RadioText } from "../../../live/unread-radio-texts.ts";
import { now } from "../../../session/clock.ts";
import { MESSAGE_RADIOS } from "../../../session/permissions.ts";
import { may } from "../../../session/session.ts";
import { ageSeconds, ageWords } from "../../../session/times.ts";
import { Icon } from "../../../widgets/icons.tsx";
import { tip } from "../../../widgets/tip.ts";
import { t, wordsIfAny } from "../../../words/index.ts";
import { unitName } from "../../../words/unit-name.ts";
import { select } from "../desk/selection.ts";
import { flyToSelected } from "../map/map-sync.ts";

/** One card for each unit that wrote. */
export function RadioTextCards(): JSX.Element | null {
  if (writers.value.length === 0) return null;
  return (
    <ul class="queue">
      {writers.value.map((unit) => (
        <li key={unit} class="alert alert-waiting said">
          <RadioTextOf unit={unit} linked />
        </li>
      ))}
    </ul>
  );
}

/** The unread texts of a unit; `linked` leads to it. */
export function RadioTextOf({ unit, linked = false }: { unit: string; linked?: boolean }): JSX.Element | null {
  const texts = unread.value.filter((each) => each.unit === unit);
  const newest = texts.at(-1);
  if (newest === undefined) return null;
  const who = everyone.value?.find((each) => each.id === unit);
  const open = (): void => {
    select(unit);
    if (who?.last) flyToSelected();
  };
  const answer = (): void => {
    select(unit);
    toWrite.value = unit; // the form comes once the ways to the radio are known
  };
  const content = (
    <>
      <Icon name="message" />
      <span class="alert-title">{t("texts.from", { name: unitName(unit, everyone.value, t("unit.some")) })}</span>
      <span class="alert-age num" aria-live="off">
        {ageWords(ageSeconds(newest.at, now.value) ?? 0)}
      </span>
      {texts.map((each) => (
        <span key={each.at} class="alert-who">
          <q>{words(each)}</q>
        </span>
      ))}
    </>
  );
  return (
    <>
      {linked ? (
        <button class="alert-what" title={t("texts.show")} onClick={open}>
          {content}
        </button>
      ) : (
        <div class="alert-what" role="status">
          {content}
        </div>
      )}
      <div class="alert-acts">
        <button class="button" title={tip(t("texts.read"), "e")} onClick={() => markTextsRead(unit)}>
          {t("texts.read")}
        </button>
        {linked && may(MESSAGE_RADIOS) && (
          <button class="button" onClick={answer}>
            {t("texts.answer")}
          </button>
        )}
      </div>
    </>
  );
}

/** A canned phrase is read in the reader's own language. */
function words({ text, phrase }: RadioText): string {
  return (phrase === null ? null : wordsIfAny(`phrase.${phrase}`)) ?? text;
}
