/** Starts the page that a phone's QR code opens. */
import "../fonts.css";
import "../theme.css";
import "../page.css";
import { openWords } from "../i18n/load.ts";

await openWords(["common", "crew"]);
