/** The language of this page: chosen here, opened at once, with no network too. */
import { signal } from "@preact/signals";
import type { Language, Part } from "../../../words/index.ts";
import { chosenLanguage, openWords, preferredLanguage } from "../../../words/load.ts";

const PARTS: readonly Part[] = ["common", "phrases", "crew"];

/** What is spoken now; the page is drawn anew when it changes. */
export const chosen = signal<Language>("en");

export async function openSpeech(): Promise<void> {
  await openWords(PARTS);
  chosen.value = preferredLanguage();
}

export async function speakNow(language: Language): Promise<void> {
  chosenLanguage.value = language;
  await openSpeech();
}
