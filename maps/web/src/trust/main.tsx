/** Starts the page that leads to trusting the office's certificate; it works without TLS and without a session. */
import "../fonts.css";
import "../theme.css";
import "../page.css";
import "../steps.css";
import { render } from "preact";
import { t } from "../i18n/index.ts";
import { openWords } from "../i18n/load.ts";
import { TrustPage } from "./trust.tsx";

await openWords(["common", "enrol"]);
document.title = t("trust.title");
render(<TrustPage />, document.getElementById("app") as HTMLElement);
