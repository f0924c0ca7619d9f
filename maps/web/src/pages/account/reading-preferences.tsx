/** How the person reads: language and year, kept at the server; palette and coordinates, on this machine. */

import type { JSX } from "preact";
import { COORDINATE_FORMATS, coordinateFormat, PALETTES, palette } from "../../browser/preferences.ts";
import { session } from "../../session/session.ts";
import { Choice, Outcome, Section, useActionState } from "../../widgets/action-state.tsx";
import { call } from "../../wire/calls.ts";
import { nothing } from "../../wire/parser.ts";
import { type Calendar, calendar } from "../../words/calendar.ts";
import { LANGUAGES, type Language, type Part, t } from "../../words/index.ts";
import { chosenLanguage, openWords, preferredLanguage } from "../../words/load.ts";

export const PARTS: readonly Part[] = ["common", "account"];

async function keep(language: Language, year: Calendar): Promise<void> {
  await call("PUT", "/api/session/preferences", nothing, { language, calendar: year });
  chosenLanguage.value = language;
  calendar.value = year;
  const here = session.peek();
  if (here !== null) session.value = { ...here, language, calendar: year };
  await openWords(PARTS);
}

export function Reading(): JSX.Element {
  const acting = useActionState();
  const language = preferredLanguage();
  const choose = (next: Language, year: Calendar): void => {
    void acting.run(
      () => keep(next, year),
      () => {
        document.title = t("app.title", { node: session.peek()?.node.name ?? "" });
        return t("account.saved");
      },
    );
  };
  const names = Object.entries(LANGUAGES) as [Language, string][];
  return (
    <Section id="reading" title={t("account.reading")}>
      <Choice
        label={t("account.language")}
        id="language"
        chosen={language}
        of={names.map(([value, words]) => ({ value, words, lang: value }))}
        choose={(value) => choose(value, calendar.peek())}
      />
      <p class="hint">{t("account.language_how")}</p>
      <Choice
        label={t("account.calendar")}
        id="calendar"
        chosen={calendar.value}
        of={(["gregorian", "buddhist"] as const).map((value) => ({ value, words: t(`account.calendar.${value}`) }))}
        choose={(value) => choose(preferredLanguage(), value)}
      />
      <Outcome of={acting} />
      <Choice
        label={t("account.palette")}
        id="palette"
        chosen={palette.value}
        of={PALETTES.map((value) => ({ value, words: t(`palette.${value}`) }))}
        choose={(value) => {
          palette.value = value;
        }}
      />
      <Choice
        label={t("account.coordinates")}
        id="coordinates"
        chosen={coordinateFormat.value}
        of={COORDINATE_FORMATS.map((value) => ({ value, words: t(`account.coordinates.${value}`) }))}
        choose={(value) => {
          coordinateFormat.value = value;
        }}
      />
      <p class="hint">{t("account.here_only")}</p>
    </Section>
  );
}
