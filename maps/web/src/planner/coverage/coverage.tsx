/** Where past patrols have been, and where nobody has. */
import type { JSX } from "preact";
import { t } from "../../i18n/index.ts";
import { Empty } from "../../panels/states.tsx";

export function Coverage(): JSX.Element {
  return <section class="panel" aria-label={t("planner.coverage")}><Empty title={t("planner.coverage_none")} /></section>;
}
