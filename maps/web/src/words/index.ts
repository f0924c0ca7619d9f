/** Every word on the screen, in the reader's language. A text that counts is a list of its plural forms. */
import { signal } from "@preact/signals";
import { pluralForms } from "../../words/plural-forms.ts";

/** The parts of `maps/words`, as the build has compiled them: each page opens those it needs. */
export type Parts = {
  common: typeof import("../../words/en/common.json");
  "sign-in": typeof import("../../words/en/sign-in.json");
  alerts: typeof import("../../words/en/alerts.json");
  commander: typeof import("../../words/en/commander.json");
  crew: typeof import("../../words/en/crew.json");
  planner: typeof import("../../words/en/planner.json");
  replay: typeof import("../../words/en/replay.json");
  reports: typeof import("../../words/en/reports.json");
  account: typeof import("../../words/en/account.json");
  phrases: typeof import("../../words/en/phrases.json");
  enrol: typeof import("../../words/en/enrol.json");
  counterparts: typeof import("../../words/en/counterparts.json");
};
export type Part = keyof Parts;

type KeysOf<P> = P extends Part ? Extract<keyof Parts[P], string> : never;
export type Words = KeysOf<Part>;
/** Texts by their keys. */
export type Texts = Readonly<Record<string, string | readonly string[]>>;

export type Language = "en" | "th" | "lo" | "my" | "km" | "vi" | "zh";
/** In the order of the choice, each with its own name: browsers lack some of them. */
export const LANGUAGES: Readonly<Record<Language, string>> = {
  en: "English",
  th: "ไทย",
  lo: "ລາວ",
  my: "မြန်မာ",
  km: "ខ្មែរ",
  vi: "Tiếng Việt",
  zh: "中文",
};

/** The language of this page; `load.ts` sets it before anything is drawn. */
export let language: Language = "en";
const words: Record<string, string | readonly string[]> = {};
/** Grows with each change of the language: whatever says words says them anew, where it is and with what it holds. */
const turn = signal(0);

/** Makes `chosen` the language of the page, whose words have been learnt. */
export function speak(chosen: Language): void {
  language = chosen;
  document.documentElement.lang = chosen === "zh" ? "zh-Hans" : chosen;
  turn.value = turn.peek() + 1;
}

/** Adds the words of one part. */
export function learn(some: Texts): void {
  Object.assign(words, some);
}

/** Returns the words of `key`, `{name}` replaced by values; a missing key shows itself. */
export function t(key: Words, values: Record<string, string | number> = {}): string {
  void turn.value;
  const found = words[key] ?? key;
  const text = typeof found === "string" ? found : (found[formOf(values["n"])] ?? found.at(-1) ?? key);
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole));
}

/** Number of the plural form; what is no whole number has the last. */
function formOf(n: string | number | undefined): number {
  return Number.isInteger(n) ? pluralForms[language](Number(n)) : -1;
}

/** Words of a key that is made at run time (a flag, a reason), with values as in `t`; null when there are none. */
export function wordsIfAny(key: string, values: Record<string, string | number> = {}): string | null {
  void turn.value;
  return key in words ? t(key as Words, values) : null;
}
