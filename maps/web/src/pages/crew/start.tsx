/** The page with all it can do. */
import { effect } from "@preact/signals";
import { render } from "preact";
import { keepPage } from "../../phone/install.ts";
import { startTime } from "../../phone/server-clock.ts";
import { t } from "../../words/index.ts";
import { App } from "./app.tsx";
import { callSign, reportPlace, startCrew } from "./outbox/crew.ts";
import { chosen } from "./outbox/page-language.ts";
import { startPositions } from "./outbox/position.ts";
import { startSending } from "./outbox/sender.ts";

export async function start(app: HTMLElement): Promise<void> {
  startTime();
  await startCrew();
  startPositions(reportPlace);
  startSending();
  effect(() => {
    void chosen.value;
    document.title = t("app.title", { node: callSign.value === "" ? t("page.crew") : callSign.value });
  });
  app.replaceChildren();
  render(<App />, app);
  void keepPage("/crew");
}
