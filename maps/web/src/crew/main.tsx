/** Starts the crew's page: with all it can do where the browser is safe, else a plain form with the reason. */
import "../fonts.css";
import "../theme.css";
import "../page.css";
import "./crew.css";
import { render } from "preact";
import { t } from "../i18n/index.ts";
import { Broken } from "../panels/states.tsx";
import { watchFailures } from "../live/page-faults.ts";
import { openSpeech } from "./speech.ts";

const app = document.getElementById("app") as HTMLElement;

watchFailures();
await openSpeech();
try {
  if (isSecureContext && "subtle" in crypto && "indexedDB" in globalThis) {
    const { start } = await import("./start.tsx");
    await start(app);
  } else {
    const { Plain } = await import("./plain.tsx");
    render(<Plain />, app);
  }
} catch (fault) {
  // A private window may have no storage at all: then nothing could be kept, and nobody may think so.
  render(<main class="lock"><Broken what={t("crew.storage.broken")} fault={fault} retry={() => location.reload()} /></main>, app);
}
