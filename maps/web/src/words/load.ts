/** Brings the words of a page: the reader's language and only the parts that the page shows. */
import { storageSignal } from "../browser/storage.ts";
import { LANGUAGES, type Language, learn, type Part, speak, type Texts } from "./index.ts";

/** What this machine was told; null until somebody chose. A signed-in person's own choice is on the server. */
export const chosenLanguage = storageSignal<Language | null>("jp.language", null, isLanguage);

const files = import.meta.glob<Texts>("../../words/*/*.json", { import: "default" });

export function isLanguage(word: unknown): word is Language {
  return typeof word === "string" && word in LANGUAGES;
}

/** The language chosen here, else the first of the browser's that we speak, else English. */
export function preferredLanguage(): Language {
  const chosen = chosenLanguage.peek();
  if (chosen !== null) return chosen;
  return navigator.languages.map((tag) => tag.toLowerCase().split("-")[0]).find(isLanguage) ?? "en";
}

/** Loads `parts` in the preferred language; the page may be drawn once this is done. */
export async function openWords(parts: readonly Part[]): Promise<void> {
  const language = preferredLanguage();
  const found = await Promise.all(
    parts.map(async (part) => {
      const bring = files[`../../words/${language}/${part}.json`];
      return bring === undefined ? {} : bring();
    }),
  );
  for (const some of found) learn(some);
  speak(language);
}
