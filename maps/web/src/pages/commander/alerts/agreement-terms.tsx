/** What an agreement says, line by line, and what its text before said otherwise. */
import { useSignal } from "@preact/signals";
import type { ComponentChildren, JSX } from "preact";
import { agencyName } from "../../../session/agencies.ts";
import { now } from "../../../session/clock.ts";
import { timeZone } from "../../../session/session.ts";
import { minuteWords } from "../../../session/times.ts";
import { faultWords } from "../../../widgets/load-states.tsx";
import { fetchJson } from "../../../wire/calls.ts";
import { Agreement, type Terms } from "../../../wire/documents.ts";
import { listOf } from "../../../wire/parser.ts";
import { LANGUAGES, t, type Words, wordsIfAny } from "../../../words/index.ts";

/** The line of a term, by which people know it. */
const LINES: readonly (readonly [Words, readonly (keyof Terms)[]])[] = [
  ["agreement.name", ["name"]],
  ["agreement.classes", ["classes"]],
  ["agreement.purposes", ["purposes"]],
  ["agreement.valid", ["valid_from", "valid_until"]],
  ["agreement.where", ["corridor"]],
  ["agreement.when", ["hours"]],
  ["agreement.how", ["precision_m", "delay_s", "only_joint_patrols", "incidents_at_once"]],
  ["agreement.keep", ["keep_days"]],
  ["agreement.answer", ["answer_within_s"]],
  ["agreement.legal_basis", ["legal_basis"]],
  ["agreement.approvals", ["approvals"]],
  ["agreement.languages", ["languages", "prevailing_language"]],
];

/** The way to the text that the present one replaced, and which lines differ. */
export function TermsBefore({ agreement }: { agreement: Agreement }): JSX.Element {
  const before = useSignal<Terms | null>(null);
  const fault = useSignal<string | null>(null);
  const load = async (): Promise<void> => {
    fault.value = null;
    try {
      const path = `/api/agreements/${encodeURIComponent(agreement.id)}/versions`;
      const versions = await fetchJson(path, listOf(Agreement));
      const old = versions.filter((each) => (each.text_number ?? 1) < (agreement.text_number ?? 1)).at(-1);
      before.value = old?.terms ?? null;
      if (old === undefined) fault.value = t("agreement.none_before");
    } catch (caught) {
      fault.value = faultWords(caught);
    }
  };
  const old = before.value;
  if (old === null)
    return (
      <>
        <button class="button" type="button" onClick={() => void load()}>
          {t("agreement.compare")}
        </button>
        {fault.value && (
          <p class="field-fault" role="alert">
            {fault.value}
          </p>
        )}
      </>
    );
  const changed = LINES.filter(([, keys]) => keys.some((key) => differ(old[key], agreement.terms[key])));
  return (
    <section aria-labelledby="terms-before">
      <p role="status">{t("agreement.changed", { what: changed.map(([words]) => t(words)).join(", ") })}</p>
      <h3 id="terms-before">{t("agreement.before")}</h3>
      <TermsList terms={old} />
    </section>
  );
}

function differ(one: unknown, other: unknown): boolean {
  return JSON.stringify(one ?? null) !== JSON.stringify(other ?? null);
}

export function TermsList({ terms }: { terms: Terms }): JSX.Element {
  const { corridor, hours } = terms;
  const clock = (minute: number): string =>
    `${String(Math.floor(minute / 60)).padStart(2, "0")}:${String(minute % 60).padStart(2, "0")}`;
  const when = (at: string | undefined): string =>
    at === undefined ? "" : minuteWords(Date.parse(at), now.value, timeZone.value);
  return (
    <dl class="agreement-terms">
      <Line name={t("agreement.classes")}>
        {terms.classes.map((each) => wordsIfAny(`agreement.class.${each}`) ?? each).join(", ")}
      </Line>
      {(terms.purposes ?? []).length > 0 && (
        <Line name={t("agreement.purposes")}>{(terms.purposes ?? []).join(", ")}</Line>
      )}
      <Line name={t("agreement.valid")}>
        {when(terms.valid_from)} – {when(terms.valid_until)}
      </Line>
      <Line name={t("agreement.where")}>
        {corridor == null
          ? t("agreement.anywhere")
          : t("agreement.corridor", {
              river: corridor.river,
              from: corridor.km_from,
              to: corridor.km_to,
              m: corridor.from_river_m,
            })}
        {corridor?.from_border_m != null && <> {t("agreement.from_border", { m: corridor.from_border_m })}</>}
      </Line>
      <Line name={t("agreement.when")}>
        {hours == null ? (
          t("agreement.always")
        ) : (
          <>
            {clock(hours.start ?? 0)} – {clock(hours.end ?? 1440)} ({hours.time_zone})
            {hours.days && <> {hours.days.map((each) => wordsIfAny(`agreement.day.${each}`) ?? each).join(", ")}</>}
          </>
        )}
      </Line>
      <Line name={t("agreement.how")}>
        {terms.precision_m ? t("agreement.precision", { m: terms.precision_m }) : t("agreement.exactly")}
        {terms.delay_s ? <>, {t("agreement.delay", { s: terms.delay_s })}</> : null}
        {terms.only_joint_patrols && <>, {t("agreement.only_joint")}</>}
        {terms.incidents_at_once && <>, {t("agreement.incidents_at_once")}</>}
      </Line>
      {terms.keep_days != null && (
        <Line name={t("agreement.keep")}>{t("agreement.keep_days", { n: terms.keep_days })}</Line>
      )}
      <Line name={t("agreement.answer")}>{t("agreement.answer_s", { s: terms.answer_within_s ?? 300 })}</Line>
      {terms.legal_basis && <Line name={t("agreement.legal_basis")}>{terms.legal_basis}</Line>}
      {(terms.approvals ?? []).length > 0 && (
        <Line name={t("agreement.approvals")}>
          {(terms.approvals ?? []).map((each) => (
            <div key={`${each.agency} ${each.authority} ${each.number}`}>
              {agencyName(each.agency)}: {each.authority}
              {each.number && <> · {each.number}</>}
              {each.file_sha256 && <> · {t("agreement.file", { hash: each.file_sha256 })}</>}
            </div>
          ))}
        </Line>
      )}
      {(terms.languages ?? []).length > 0 && (
        <Line name={t("agreement.languages")}>
          {(terms.languages ?? []).map(languageName).join(", ")}
          {terms.prevailing_language && (
            <>. {t("agreement.prevails", { language: languageName(terms.prevailing_language) })}</>
          )}
        </Line>
      )}
    </dl>
  );
}

/** A language by its own name; one that the pages do not speak by its code. */
function languageName(code: string): string {
  return Object.entries(LANGUAGES).find(([each]) => each === code)?.[1] ?? code;
}

function Line({ name, children }: { name: string; children: ComponentChildren }): JSX.Element {
  return (
    <>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </>
  );
}
