/** Starts the crew's page: with all it can do where the browser is safe, else a plain form with the reason. */
import "../../symbols/fonts.css";
import "../../symbols/theme.css";
import "../../widgets/frame/page.css";
import "./crew.css";
import { render } from "preact";
import { watchFailures } from "../../session/page-faults.ts";
import { Broken } from "../../widgets/load-states.tsx";
import { t } from "../../words/index.ts";
import { openSpeech } from "./outbox/page-language.ts";

const app = document.getElementById("app") as HTMLElement;

watchFailures();
await openSpeech();
try {
  if (isSecureContext && "subtle" in crypto && "indexedDB" in globalThis) {
    const { start } = await import("./start.tsx");
    await start(app);
  } else {
    const { PlainPage: Plain } = await import("./plain-page.tsx");
    render(<Plain />, app);
  }
} catch (fault) {
  // A private window may have no storage at all: then nothing could be kept, and nobody may think so.
  render(
    <main class="lock">
      <Broken what={t("crew.storage.broken")} fault={fault} retry={() => location.reload()} />
    </main>,
    app,
  );
}
