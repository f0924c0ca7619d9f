/** The texts tab: what the office says, canned phrases, free words. */
import { effect, signal, useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect } from "preact/hooks";
import { clock } from "../../phone/server-clock.ts";
import { minuteWords } from "../../session/times.ts";
import type { CrewPhrase } from "../../wire/crew.ts";
import { language, t, wordsIfAny } from "../../words/index.ts";
import { crew, crewTexts, fate, isUnread, markRead, opened, sendText, timeZone } from "./outbox/crew.ts";

const MOST_SHOWN = 40;
/** Texts above the phrases; older ones stand below. */
const NEWEST = 3;

interface Line {
  id: string;
  at: number;
  from: string | null;
  words: string;
  unread: boolean;
}

/** The words of a phrase in the reader's language; its code where there are none. */
export function phraseWords(code: string): string {
  return wordsIfAny(`phrase.${code}`) ?? code;
}

function lines(): Line[] {
  const received = (crew.value?.texts ?? []).map(
    (each): Line => ({
      id: each.id,
      at: Date.parse(each.at),
      from: each.from,
      words: each.phrase ? phraseWords(each.phrase) : (each.text ?? ""),
      unread: isUnread(each),
    }),
  );
  const own = crewTexts.value.map(
    (each): Line => ({
      id: each.id,
      at: each.at,
      from: null,
      words: each.phrase ? phraseWords(each.phrase) : (each.text ?? ""),
      unread: false,
    }),
  );
  return [...received, ...own].sort((a, b) => b.at - a.at).slice(0, MOST_SHOWN);
}

/** What is being written: it is there still after a look at another tab. */
const words = signal("");
effect(() => {
  if (opened.value === null) words.value = ""; // another crew member may come next
});

export function TextsPanel(): JSX.Element {
  const all = useSignal(false);
  useEffect(() => void markRead(), [crew.value]);
  const send = (event: SubmitEvent): void => {
    event.preventDefault();
    const text = words.value.trim();
    if (text === "") return;
    words.value = "";
    const who = opened.peek();
    void sendText({ text }).then((kept) => {
      // Nobody has to write it again, nor what was begun meanwhile.
      if (!kept && opened.peek() === who) words.value = [text, words.peek()].filter((each) => each !== "").join("\n");
    });
  };
  const phrases = codes();
  const shownLines = lines();
  return (
    <section class="panel" aria-label={t("crew.tab.texts")}>
      {shownLines.length === 0 ? <p class="card">{t("crew.text.none")}</p> : <Lines of={shownLines.slice(0, NEWEST)} />}
      <div class="card">
        <h2>{t("crew.text.phrases")}</h2>
        <div class="phrases">
          {phrases.slice(0, all.value ? undefined : 6).map((each) => (
            <button
              key={each.code}
              class="big"
              onClick={() => void sendText(each.text ? { text: each.text } : { phrase: each.code })}
            >
              {each.text ?? phraseWords(each.code)}
            </button>
          ))}
        </div>
        <button
          class="big wide quiet"
          aria-expanded={all.value}
          onClick={() => {
            all.value = !all.value;
          }}
        >
          {t(all.value ? "crew.text.fewer" : "crew.text.more")}
        </button>
      </div>
      <form class="card say" onSubmit={send}>
        <label for="words">{t("crew.text.words")}</label>
        <textarea
          id="words"
          rows={2}
          maxLength={1000}
          value={words.value}
          onInput={(event) => {
            words.value = event.currentTarget.value;
          }}
        />
        <button class="big wide primary" disabled={words.value.trim() === ""}>
          {t("crew.text.send")}
        </button>
      </form>
      {shownLines.length > NEWEST && (
        <>
          <h2 class="list-title">{t("crew.text.older")}</h2>
          <Lines of={shownLines.slice(NEWEST)} />
        </>
      )}
    </section>
  );
}

function Lines({ of }: { of: readonly Line[] }): JSX.Element {
  return (
    <ul class="texts">
      {of.map((each) => (
        <li key={each.id} class="card" data-own={each.from === null} data-new={each.unread}>
          <p class="dim num">
            {each.from ?? t("crew.text.own")} · {minuteWords(each.at, clock.value, timeZone.value)}
            {each.from === null && ` · ${t(`crew.sent.${fate(each.id)}`)}`}
          </p>
          <p class="break">{each.words}</p>
        </li>
      ))}
    </ul>
  );
}

/** Phrases by code, and the agency's own in the reader's language. */
function codes(): CrewPhrase[] {
  const phrases = crew.value?.phrases ?? [];
  return phrases.filter(
    (each) => each.text === undefined || each.language === undefined || each.language.split("-")[0] === language,
  );
}

/** How many texts have not been looked at. */
export function unreadTexts(): number {
  return (crew.value?.texts ?? []).filter(isUnread).length;
}
