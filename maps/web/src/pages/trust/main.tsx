/** Starts the page that leads to trusting the office's certificate; it works without TLS and without a session. */
import "../../symbols/fonts.css";
import "../../symbols/theme.css";
import "../../widgets/frame/page.css";
import "../../widgets/steps.css";
import { render } from "preact";
import { t } from "../../words/index.ts";
import { openWords } from "../../words/load.ts";
import { TrustPage } from "./trust.tsx";

await openWords(["common", "enrol"]);
document.title = t("trust.title");
render(<TrustPage />, document.getElementById("app") as HTMLElement);
