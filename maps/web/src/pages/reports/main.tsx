/** Starts the page of reports: choose one, look at it, keep it as a file; see what is sent by mail. */
import { listOf } from "../../wire/parser.ts";
import { PatrolChoice, ReportKind } from "../../wire/reports.ts";
import { AgencyInfo } from "../../wire/session.ts";
import "../../symbols/fonts.css";
import "../../symbols/theme.css";
import "../../widgets/frame/page.css";
import "../../widgets/frame/panels.css";
import "../../widgets/frame/pages.css";
import "../../widgets/frame/pages-menu.css";
import "./reports.css";
import { type JSX, render } from "preact";
import { pressedKey } from "../../browser/key-press.ts";
import { loadAgencies } from "../../session/agencies.ts";
import { now as present } from "../../session/clock.ts";
import { session, timeZone } from "../../session/session.ts";
import { app, startPage } from "../../session/start.ts";
import { promptForProof } from "../../widgets/dialogs/proof-prompt.ts";
import { PagesMenu } from "../../widgets/frame/pages-menu.tsx";
import { Empty, faultWords, Loading } from "../../widgets/load-states.tsx";
import { showStartFault } from "../../widgets/start-fault.tsx";
import { fetchJson } from "../../wire/calls.ts";
import { t } from "../../words/index.ts";
import { isLanguage, preferredLanguage } from "../../words/load.ts";
import { choices, Form, make } from "./form.tsx";
import { fault, look, looking, preview } from "./jobs.ts";
import { Jobs, Schedules } from "./lists.tsx";
import { change, daysOf, kinds, usualDays } from "./request.ts";

const PAST_MS = 92 * 86_400_000;

async function draw(): Promise<void> {
  document.title = `${t("page.reports")} · ${document.title}`;
  const now = present.peek();
  const [found, running, past, agencies] = await Promise.all([
    fetchJson("/api/reports", listOf(ReportKind)),
    patrolsAt("/api/patrols"),
    patrolsAt(
      `/api/patrols/past?${new URLSearchParams({ start: new Date(now - PAST_MS).toISOString(), end: new Date(now + 60_000).toISOString() })}`,
    ),
    fetchJson("/api/agencies", listOf(AgencyInfo)),
    loadAgencies(),
  ]);
  kinds.value = found;
  const patrols = [...running, ...past].sort((one, other) => other.starts_at.localeCompare(one.starts_at));
  choices.value = { patrols, agencies };
  begin(found, patrols, now);
  render(<Page />, app);
  document.addEventListener("keydown", onKey);
  await look();
  if (new URLSearchParams(location.search).has("report")) make("html", "look");
}

/** A role that sees no patrols has none to choose from. */
async function patrolsAt(path: string): Promise<PatrolChoice[]> {
  try {
    return await fetchJson(path, listOf(PatrolChoice));
  } catch {
    return [];
  }
}

/** What a link asks for, else the first report that may be had, of the days it is mostly made of. */
function begin(found: readonly ReportKind[], patrols: readonly PatrolChoice[], nowMs: number): void {
  const query = new URLSearchParams(location.search);
  const requested = query.get("report") ?? "";
  const allowed = found.filter((each) => each.allowed);
  const report = allowed.find((each) => each.name === requested)?.name ?? allowed[0]?.name ?? "";
  const language = isLanguage(session.value?.language) ? session.value.language : preferredLanguage();
  const patrol = patrols.find((each) => each.id === query.get("patrol"))?.id ?? patrols[0]?.id ?? "";
  change({ ...daysOf(usualDays(report), nowMs, timeZone.value), report, patrol, language });
}

function onKey(event: KeyboardEvent): void {
  const typing = event.target instanceof HTMLElement && event.target.closest("input, select, textarea") !== null;
  if (typing || event.ctrlKey || event.metaKey || event.altKey) return;
  if (pressedKey(event).toLowerCase() === "v" && looking.value === null) make("html", "look");
}

function Page(): JSX.Element {
  return (
    <main class="page">
      <header class="page-head">
        <h1>{t("page.reports")}</h1>
        <PagesMenu />
      </header>
      <div class="page-body reports">
        <div class="report-side">
          <Form />
          <div class="report-lists">
            {fault.value !== null && (
              <p class="field-fault" role="alert">
                {faultWords(fault.value)}
              </p>
            )}
            <Jobs />
            <Schedules />
          </div>
        </div>
        <Preview />
      </div>
    </main>
  );
}

/** The page that was made, in a frame in which nothing runs. */
function Preview(): JSX.Element {
  return (
    <section class="report-preview" aria-label={t("reports.preview_label")} aria-busy={looking.value !== null}>
      {looking.value !== null && <Loading />}
      {preview.value === null && looking.value === null && (
        <Empty title={t("reports.nothing_yet")}>{t("reports.nothing_yet_hint")}</Empty>
      )}
      {preview.value !== null && (
        <div class="sheet-frame">
          <iframe title={t("reports.preview_label")} sandbox="" srcdoc={preview.value} />
        </div>
      )}
    </section>
  );
}

promptForProof();
void startPage(
  ["common", "reports"],
  async () => {
    try {
      await draw();
    } catch (found) {
      showStartFault(found);
    }
  },
  showStartFault,
);
