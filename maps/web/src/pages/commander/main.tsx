/** Starts the commander's page: who is here, then the stream and the map. */

import { BasemapInfo } from "../../wire/map.ts";
import { nullable } from "../../wire/parser.ts";
import "../../symbols/fonts.css";
import "../../symbols/theme.css";
import "../../widgets/frame/page.css";
import "../../map/map.css";
import "../../widgets/frame/panels.css";
import "../../widgets/frame/pages-menu.css";
import "../../widgets/message.css";
import "./exchange.css";
import "./alerts/queue.css";
import "../../widgets/frame/phone.css";
import "./commander.css";
import { render } from "preact";
import { startBell } from "../../live/bell.ts";
import { followTabs } from "../../live/read-marks.ts";
import { live } from "../../live/signals.ts";
import { watchUserChange } from "../../live/user-change.ts";
import { loadAgencies } from "../../session/agencies.ts";
import { app, startPage } from "../../session/start.ts";
import { promptForProof } from "../../widgets/dialogs/proof-prompt.ts";
import { showStartFault } from "../../widgets/start-fault.tsx";
import { fetchJson } from "../../wire/calls.ts";
import { openLinkedAlerts } from "./alert-link.ts";
import { basemapInfo } from "./desk/selection.ts";
import { Frame } from "./frame.tsx";
import { listenToKeys } from "./keys.ts";
import { loadReference } from "./map/map-sync.ts";
import { startTabBadge } from "./tab-badge.ts";

const REFERENCE_AGAIN_MS = 30_000;

async function draw(): Promise<void> {
  try {
    basemapInfo.value = await fetchJson("/api/basemap", nullable(BasemapInfo));
  } catch {
    // The map is as good without it, and says which lines it shows.
  }
  render(<Frame />, app);
  listenToKeys();
  startBell();
  startTabBadge();
  openLinkedAlerts();
  followTabs();
  watchUserChange();
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

promptForProof();
void startPage(["common", "alerts", "commander", "phrases", "enrol"], draw, showStartFault);
