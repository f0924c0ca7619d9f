/** Starts the planner's page: words and session, then the map with its three tabs. */
import "../../symbols/fonts.css";
import "../../symbols/theme.css";
import "../../widgets/frame/page.css";
import "../../widgets/frame/pages.css";
import "../../widgets/frame/pages-menu.css";
import "../../map/map.css";
import "../../widgets/frame/panels.css";
import "../../widgets/message.css";
import "../../widgets/frame/phone.css";
import "./planner.css";
import { render } from "preact";
import { loadReference } from "../../map/reference-map.ts";
import { loadAgencies } from "../../session/agencies.ts";
import { watchSignOut } from "../../session/drafts.ts";
import { app, startPage } from "../../session/start.ts";
import { promptForProof } from "../../widgets/dialogs/proof-prompt.ts";
import { showStartFault } from "../../widgets/start-fault.tsx";
import { listenToKeys } from "./desk/keys.tsx";
import { news } from "./desk/stream-documents.ts";
import { Frame } from "./frame.tsx";
import { draft as plan } from "./patrols/plan/draft.ts";
import { draft as drawing } from "./sectors/draft/draft.ts";
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

// The map and its sources have their words in the commander's part.
promptForProof();
void startPage(["common", "alerts", "commander", "planner"], draw, showStartFault);
