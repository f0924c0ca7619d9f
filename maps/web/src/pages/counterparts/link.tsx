/** The link to a counterpart, as its officers ask for it: is it there, how old is the last word, do the clocks agree. */
import type { JSX } from "preact";
import type { CounterpartLink } from "../../wire/counterparts.ts";
import { t } from "../../words/index.ts";
import { clockWords } from "./clock-words.ts";
import { Fact, timeWords } from "./facts.tsx";

/** Rows of a list of facts. */
export function LinkFacts({ of }: { of: CounterpartLink }): JSX.Element {
  const refused = of.refused_last ?? of.refused_by_them;
  return (
    <>
      <Fact name={t("counterpart.link")}>
        <span class={of.is_open ? "link-open" : "link-down"}>
          {t(of.is_open ? "counterpart.link_open" : "counterpart.link_down", { time: timeWords(of.since) })}
        </span>
        {of.fault !== null && (
          <span class="fault" lang="en">
            {of.fault}
          </span>
        )}
      </Fact>
      <Fact name={t("counterpart.last_word")}>
        <span class="num">{of.last_word_at === null ? t("counterpart.never") : timeWords(of.last_word_at)}</span>
      </Fact>
      {of.clock !== null && (
        <Fact name={t("counterpart.clock")}>
          <span class="num">{t("counterpart.clock_difference", clockWords(of.clock))}</span>
        </Fact>
      )}
      {of.software !== "" && <Fact name={t("counterpart.software")}>{of.software}</Fact>}
      {refused !== null && (
        <Fact name={t("counterpart.refused")}>
          <span lang="en">{refused}</span>
        </Fact>
      )}
    </>
  );
}
