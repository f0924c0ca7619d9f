/** Starts the replay page. */
import "../fonts.css";
import "../theme.css";
import "../page.css";
import "../pages.css";
import "../pages-menu.css";
import { render } from "preact";
import { t } from "../i18n/index.ts";
import { PagesMenu } from "../panels/pages-menu.tsx";
import { Broken } from "../panels/states.tsx";
import { app, startPage } from "../start.ts";

function draw(): void {
  render(<main class="page"><header class="page-head"><h1>{t("page.replay")}</h1><PagesMenu /></header></main>, app);
}

function broken(fault: unknown): void {
  render(<main class="alone"><Broken what={t("start.failed")} fault={fault} retry={() => location.reload()} /></main>, app);
}

void startPage(["common", "replay"], draw, broken);
