/** An incident in words: what, and by whom. */
import { wordsIfAny } from "./index.ts";
import type { Incident } from "../wire/papers.ts";

export function categoryWords(incident: Incident): string {
  return wordsIfAny(`category.${incident.category}`) ?? incident.place_name ?? incident.category.replaceAll("_", " ");
}
