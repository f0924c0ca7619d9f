/** What stands in place of a page that could not start. */
import { render } from "preact";
import { app } from "../session/start.ts";
import { t } from "../words/index.ts";
import { Broken } from "./load-states.tsx";

/** Says why the page could not start, and offers to load it again. */
export function showStartFault(fault: unknown): void {
  render(
    <main class="alone">
      <Broken what={t("start.failed")} fault={fault} retry={() => location.reload()} />
    </main>,
    app,
  );
}
