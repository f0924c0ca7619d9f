/** Starts the commander's page: who is here, then the stream and the map. */
import "./fonts.css";
import "./theme.css";
import "./page.css";
import "./map.css";
import "./panels.css";
import "./pages-menu.css";
import "./message.css";
import "./exchange.css";
import "./queue.css";
import "./phone.css";
import "./commander.css";
import { render } from "preact";
import { loadAgencies } from "./agencies.ts";
import { startBell } from "./bell.ts";
import { basemapInfo } from "./console.ts";
import type { BasemapInfo } from "./contract.ts";
import { live } from "./feed.ts";
import { followLinks } from "./from-link.ts";
import { t } from "./i18n/index.ts";
import { listenToKeys } from "./keys.ts";
import { loadReference } from "./map-room.ts";
import { followTabs } from "./marks-kept.ts";
import { Frame } from "./panels/frame.tsx";
import { Broken } from "./panels/states.tsx";
import { fetchJson } from "./rest.ts";
import { app, startPage } from "./start.ts";
import { startTabBadge } from "./tab-badge.ts";
import { watchWho } from "./who-now.ts";

const REFERENCE_AGAIN_MS = 30_000;

async function draw(): Promise<void> {
  try {
    basemapInfo.value = await fetchJson<BasemapInfo | null>("/api/basemap");
  } catch {
    // The map is as good without it, and says which lines it shows.
  }
  render(<Frame />, app);
  listenToKeys();
  startBell();
  startTabBadge();
  followLinks();
  followTabs();
  watchWho();
  live.start();
  void loadAgencies();
  addEventListener("online", () => live.retryNow());
  void readReference();
}

/** Without it the map lacks the ties of the offices and the names of whose data it shows. */
async function readReference(): Promise<void> {
  try {
    await loadReference();
  } catch {
    setTimeout(() => void readReference(), REFERENCE_AGAIN_MS);
  }
}

function broken(fault: unknown): void {
  render(<main class="alone"><Broken what={t("start.failed")} fault={fault} retry={() => location.reload()} /></main>, app);
}

void startPage(["common", "alerts", "commander", "phrases", "enrol"], draw, broken);
