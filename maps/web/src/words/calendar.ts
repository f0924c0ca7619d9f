/** Which year dates are told in. Everything inside is Gregorian; the Buddhist year is a reader's choice. */
import { kept } from "../browser/storage.ts";

export type Calendar = "gregorian" | "buddhist";

export const calendar = kept<Calendar>("jp.calendar", "gregorian");
/** Years from the Gregorian to the Buddhist era as Thailand, Lao PDR and Cambodia count it. */
export const BUDDHIST_YEARS = 543;
