/** Joint patrols on a timeline. */
import type { JSX } from "preact";
import { t } from "../../i18n/index.ts";
import { Empty } from "../../panels/states.tsx";

export function Patrols(): JSX.Element {
  return <section class="panel" aria-label={t("planner.patrols")}><Empty title={t("planner.patrols_none")} /></section>;
}
