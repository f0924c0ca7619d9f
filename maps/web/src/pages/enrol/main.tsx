/** Starts the page that a phone's QR code opens: makes the phone known to the office, once. */
import "../../symbols/fonts.css";
import "../../symbols/theme.css";
import "../../widgets/frame/page.css";
import "../../widgets/steps.css";
import { render } from "preact";
import { keepPage } from "../../phone/install.ts";
import { startClock } from "../../session/clock.ts";
import { t } from "../../words/index.ts";
import { openWords } from "../../words/load.ts";
import { Enrol, Unsafe } from "./enrol.tsx";

await openWords(["common", "crew", "enrol"]);
document.title = t("enrol.title");
const safe = isSecureContext && "subtle" in crypto && "indexedDB" in globalThis;
if (safe) {
  startClock();
  void keepPage("/enrol");
}
render(safe ? <Enrol code={codeOf(location.hash)} /> : <Unsafe />, document.getElementById("app") as HTMLElement);

/**
 * The code of `#code=CODE`; empty for none. It stays in the address until it is spent, so that the page can be read
 * anew.
 */
function codeOf(hash: string): string {
  return new URLSearchParams(hash.slice(1)).get("code") ?? "";
}
