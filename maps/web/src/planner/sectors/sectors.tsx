/** Sectors: the list, one sector, its drawing, its versions. */
import type { JSX } from "preact";
import { t } from "../../i18n/index.ts";

export function Sectors(): JSX.Element {
  return <section class="panel" aria-label={t("planner.sectors")} />;
}
