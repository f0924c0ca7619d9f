/** What the server refused, in the reader's language as far as there are words for it. */

import type { CallError } from "../wire/calls.ts";
import { language, t, wordsIfAny } from "./index.ts";

/** Of these the server says more than what sort they are. */
const TOLD_MORE = new Set([
  "bad_request",
  "bad_field",
  "bad_file",
  "bad_photo",
  "bad_card",
  "bad_counterpart_file",
  "conflict",
  "cannot_send",
  "report_failed",
  "unreadable_answer",
]);

/**
 * Its own words where the fault has some; else its sort in the reader's language, and what the server said of it in
 * English.
 */
export function refusedWords({
  code,
  values,
  slug,
  message,
}: Pick<CallError, "code" | "values" | "slug" | "message">): string {
  const own =
    code === undefined ? null : (wordsIfAny(`fault.${code}`, values) ?? wordsIfAny(`refusal.${code}`, values));
  if (own !== null) return own;
  const sort = language === "en" && message !== "" ? null : wordsIfAny(`fault.${slug}`);
  if (sort === null) return message || t("fault.other");
  return TOLD_MORE.has(slug) && message !== "" ? t("fault.told", { sort, message }) : sort;
}
