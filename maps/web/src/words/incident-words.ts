/** An incident in words: what, and by whom. */

import type { Incident } from "../wire/documents.ts";
import { wordsIfAny } from "./index.ts";

export function categoryWords(incident: Incident): string {
  return wordsIfAny(`category.${incident.category}`) ?? incident.place_name ?? incident.category.replaceAll("_", " ");
}
