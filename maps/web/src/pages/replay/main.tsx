/** Starts the replay page: what a link asks for is loaded at once, else a range is chosen. */
import "../../symbols/fonts.css";
import "../../symbols/theme.css";
import "../../widgets/frame/page.css";
import "../../widgets/frame/panels.css";
import "../../widgets/frame/pages.css";
import "../../widgets/frame/pages-menu.css";
import "./replay.css";
import { render } from "preact";
import { loadReference } from "../../map/reference-map.ts";
import { loadAgencies } from "../../session/agencies.ts";
import { app, startPage } from "../../session/start.ts";
import { promptForProof } from "../../widgets/dialogs/proof-prompt.ts";
import { showStartFault } from "../../widgets/start-fault.tsx";
import { t } from "../../words/index.ts";
import { Frame } from "./frame.tsx";
import { openTab } from "./frame-state.ts";
import { listenToKeys } from "./keys.tsx";
import { chosen, loadCallSigns, presentMs, range, start } from "./player.ts";
import { lastHours, requestedRange } from "./reel/range.ts";

async function draw(): Promise<void> {
  document.title = `${t("page.replay")} · ${document.title}`;
  await Promise.all([loadReference(), loadAgencies(), loadCallSigns()]);
  const requested = requestedRange(new URLSearchParams(location.search));
  range.value = requested?.range ?? lastHours(1, Math.floor(presentMs() / 60_000) * 60_000);
  chosen.value = requested?.units ?? [];
  render(<Frame />, app);
  listenToKeys();
  if (requested !== null) {
    await start(requested.atMs);
    openTab("units");
  }
}

promptForProof();
void startPage(["common", "alerts", "commander", "replay"], draw, showStartFault);
