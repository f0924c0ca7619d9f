/** Every word on the screen, in the reader's language. Plural forms are keys ending in `#one`, `#other`. */
import { signal } from "@preact/signals";

/** The files of `maps/words/<language>`: each page opens those it needs. */
export type Parts = {
  common: typeof import("../../../words/en/common.json");
  "sign-in": typeof import("../../../words/en/sign-in.json");
  alerts: typeof import("../../../words/en/alerts.json");
  commander: typeof import("../../../words/en/commander.json");
  crew: typeof import("../../../words/en/crew.json");
  planner: typeof import("../../../words/en/planner.json");
  replay: typeof import("../../../words/en/replay.json");
  reports: typeof import("../../../words/en/reports.json");
  account: typeof import("../../../words/en/account.json");
  phrases: typeof import("../../../words/en/phrases.json");
  enrol: typeof import("../../../words/en/enrol.json");
};
export type Part = keyof Parts;

type KeysOf<P> = P extends Part ? Extract<keyof Parts[P], string> : never;
export type Words = KeysOf<Part>;
/** A key of a plural: the part before `#`. */
type PluralKey = Words extends infer K ? (K extends `${infer Stem}#other` ? Stem : never) : never;

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
const words: Record<string, string> = {};
/** Of the language; written with it by `speak` alone. */
let plural = new Intl.PluralRules("en");
/** Grows with each change of the language: whatever says words says them anew, where it is and with what it holds. */
const turn = signal(0);

/** Makes `chosen` the language of the page, whose words have been learnt. */
export function speak(chosen: Language): void {
  language = chosen;
  plural = new Intl.PluralRules(chosen);
  document.documentElement.lang = chosen === "zh" ? "zh-Hans" : chosen;
  turn.value = turn.peek() + 1;
}

/** Adds the words of one part. */
export function learn(some: Readonly<Record<string, string>>): void {
  Object.assign(words, some);
}

/** Returns the words of `key`, `{name}` replaced by values; a missing key shows itself. */
export function t(key: Words | PluralKey, values: Record<string, string | number> = {}): string {
  void turn.value;
  const chosen = typeof values["n"] === "number" ? words[`${key}#${plural.select(values["n"])}`] : undefined;
  const text = chosen ?? words[key] ?? words[`${key}#other`] ?? key;
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole));
}

/** Words of a key that is made at run time (a flag, a reason), with values as in `t`; null when there are none. */
export function wordsIfAny(key: string, values: Record<string, string | number> = {}): string | null {
  void turn.value;
  return key in words ? t(key as Words, values) : null;
}
