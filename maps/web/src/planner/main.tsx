/** Starts the planner's page: words and session, then the map with its three tabs. */
import "../fonts.css";
import "../theme.css";
import "../page.css";
import "../pages.css";
import "../pages-menu.css";
import "../map.css";
import "../panels.css";
import "../message.css";
import "../phone.css";
import "./planner.css";
import { render } from "preact";
import { loadAgencies } from "../agencies.ts";
import { watchSignOut } from "../drafts.ts";
import { t } from "../i18n/index.ts";
import { Broken } from "../panels/states.tsx";
import { loadReference } from "../reference-map.ts";
import { app, startPage } from "../start.ts";
import { Frame } from "./frame.tsx";
import { listenToKeys } from "./keys.tsx";
import { news } from "./news.ts";
import { draft as plan } from "./patrols/draft.ts";
import { draft as drawing } from "./sectors/draft.ts";
import { startSectors } from "./sectors/start.ts";

async function draw(): Promise<void> {
  watchSignOut(signedOut);
  await loadReference();
  startSectors();
  render(<Frame />, app);
  listenToKeys();
  news.start();
  void loadAgencies();
  addEventListener("online", () => news.retryNow());
}

/** Somebody signed out in another tab: what is drafted must not stay on the screen either. */
function signedOut(): void {
  drawing.value = null;
  plan.value = null;
  news.stop();
  app.replaceChildren();
  location.replace("/sign-in?next=%2Fplanner");
}

function broken(fault: unknown): void {
  render(<main class="alone"><Broken what={t("start.failed")} fault={fault} retry={() => location.reload()} /></main>, app);
}

// The map and its sources have their words in the commander's part.
void startPage(["common", "alerts", "commander", "planner"], draw, broken);
