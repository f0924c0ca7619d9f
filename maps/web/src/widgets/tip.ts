/** Tooltips of what has a key. */
import { t } from "../words/index.ts";

/** The words, and the key that does the same. */
export function tip(words: string, key: string): string {
  return t("key.tip", { words, key });
}
