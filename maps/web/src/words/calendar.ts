/** Which year dates are told in. Everything inside is Gregorian; the Buddhist year is a reader's choice. */
import { isOneOf, storageSignal } from "../browser/storage.ts";

export type Calendar = "gregorian" | "buddhist";

export const calendar = storageSignal<Calendar>(
  "jp.calendar",
  "gregorian",
  isOneOf<Calendar>(["gregorian", "buddhist"]),
);
/** Years from the Gregorian to the Buddhist era as Thailand, Lao PDR and Cambodia count it. */
export const BUDDHIST_YEARS = 543;
