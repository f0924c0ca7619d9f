/** Every word on the screen, from one JSON per language. Plural forms are keys ending in `#one`, `#other`. */
import en from "./en.json";

export type Words = keyof typeof en;
/** A key of a plural: the part before `#`. */
type PluralKey = Words extends infer K ? (K extends `${infer Stem}#other` ? Stem : never) : never;

export const language = "en";
const words: Record<string, string> = en;
const plural = new Intl.PluralRules(language);

/** Returns the words of `key`, `{name}` replaced by values; a missing key shows itself. */
export function t(key: Words | PluralKey, values: Record<string, string | number> = {}): string {
  const chosen = typeof values["n"] === "number" ? words[`${key}#${plural.select(values["n"])}`] : undefined;
  const text = chosen ?? words[key] ?? words[`${key}#other`] ?? key;
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole));
}

/** Words of a key that is made at run time (a flag, a reason), with values as in `t`; null when there are none. */
export function wordsIfAny(key: string, values: Record<string, string | number> = {}): string | null {
  return key in words ? t(key as Words, values) : null;
}
