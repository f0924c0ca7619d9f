/** Starts the commander's page: who is here, then the stream and the map. */
import "./fonts.css";
import "./theme.css";
import "./page.css";
import "./map.css";
import "./panels.css";
import "./message.css";
import "./exchange.css";
import "./queue.css";
import "./phone.css";
import { render } from "preact";
import { loadAgencies } from "./agencies.ts";
import { startBell } from "./bell.ts";
import { startClock } from "./clock.ts";
import { basemapInfo, brokenLayers, session } from "./console.ts";
import type { BasemapInfo, Session } from "./contract.ts";
import { live } from "./feed.ts";
import { language, t } from "./i18n/index.ts";
import { listenToKeys } from "./keys.ts";
import { loadReference } from "./map-room.ts";
import { Frame } from "./panels/frame.tsx";
import { Broken } from "./panels/states.tsx";
import { CallError, fetchJson } from "./rest.ts";

const app = document.getElementById("app") as HTMLElement;
document.documentElement.lang = language;

async function start(): Promise<void> {
  try {
    session.value = await fetchJson<Session>("/api/session");
  } catch (fault) {
    if (fault instanceof CallError && fault.status === 401) return location.replace("/sign-in");
    render(<main class="alone"><Broken what={t("start.failed")} fault={fault} retry={() => location.reload()} /></main>, app);
    return;
  }
  try {
    basemapInfo.value = await fetchJson<BasemapInfo | null>("/api/basemap");
  } catch {
    // The map is as good without it, and says which lines it shows.
  }
  document.title = t("app.title", { node: session.value.node.name });
  startClock();
  app.replaceChildren();
  render(<Frame />, app);
  listenToKeys();
  startBell();
  live.start();
  void loadAgencies();
  addEventListener("online", () => live.retryNow());
  loadReference().catch(() => {
    brokenLayers.value = new Set([...brokenLayers.peek(), "blos"]);
  });
}

void start();
