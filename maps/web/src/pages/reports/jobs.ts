/** Reports that are being made for this person: asked for, watched, called off, fetched. */

import { signal } from "@preact/signals";
import { Debounce } from "../../browser/debounce.ts";
import { save } from "../../session/files.ts";
import { CallError, call, fetchJson, problemFrom } from "../../wire/calls.ts";
import { listOf, nothing } from "../../wire/parser.ts";
import { Job } from "../../wire/reports.ts";
import { type Format, isUnderWay } from "./request.ts";

export const jobs = signal<Job[]>([]);
/** The page that is looked at: its HTML; null for none. */
export const preview = signal<string | null>(null);
export const fault = signal<unknown>(null);
/** Ids of jobs whose file is fetched as soon as it is there. */
const purposes = new Map<string, "look" | "save">();
/** The job whose page is waited for. */
export const looking = signal<string | null>(null);

const EVERY_MS = 800;
/** After a look that failed. */
const AGAIN_MS = 5000;
/** Who is signed out, or may not ask, waits for nothing. */
const GONE: ReadonlySet<number> = new Set([401, 403]);
/** What the last look failed of: the next that does not takes it away. */
const fetchFault = signal<unknown>(undefined);
const next = new Debounce();

export async function requestReport(body: Record<string, unknown>, how: "look" | "save"): Promise<void> {
  fault.value = null;
  try {
    const job = await call("POST", "/api/report-jobs", Job, body);
    purposes.set(job.id, how);
    if (how === "look") looking.value = job.id;
    jobs.value = [job, ...jobs.value];
    watch();
  } catch (found) {
    fault.value = found;
  }
}

export async function callOff(id: string): Promise<void> {
  purposes.delete(id);
  if (looking.value === id) looking.value = null;
  try {
    await call("DELETE", `/api/report-jobs/${id}`, nothing);
  } catch (found) {
    if (!(found instanceof CallError && found.status === 404)) fault.value = found;
  }
  jobs.value = jobs.value.filter((each) => each.id !== id);
}

export async function fetchFile(id: string): Promise<void> {
  try {
    await save(`/api/report-jobs/${id}/file`);
  } catch (found) {
    fault.value = found;
  }
}

/** Looks at the jobs now, and again while one is under way. */
export async function look(): Promise<void> {
  next.cancel();
  const ids = [...purposes.keys()];
  try {
    jobs.value = await fetchJson("/api/report-jobs", listOf(Job));
  } catch (found) {
    fault.value = fetchFault.value = found;
    // A line that broke for a moment ends no wait.
    if (found instanceof CallError && !GONE.has(found.status) && (ids.length > 0 || jobs.value.some(isUnderWay)))
      watch(AGAIN_MS);
    else giveUp(ids);
    return;
  }
  if (fault.value === fetchFault.peek()) fault.value = null;
  for (const job of jobs.value) {
    const how = purposes.get(job.id);
    if (how === undefined || isUnderWay(job)) continue;
    purposes.delete(job.id);
    if (job.state === "made") await (how === "save" ? fetchFile(job.id) : show(job.id));
    if (looking.value === job.id) looking.value = null;
  }
  // A server that was started anew knows nothing of them.
  const lost = ids.filter((id) => purposes.has(id) && !jobs.value.some((job) => job.id === id));
  if (lost.length > 0) fault.value = new Error("the report is gone");
  giveUp(lost);
  if (jobs.value.some(isUnderWay)) watch();
}

function giveUp(ids: readonly string[]): void {
  for (const id of ids) purposes.delete(id);
  if (looking.value !== null && ids.includes(looking.value)) looking.value = null;
}

function watch(afterMs = EVERY_MS): void {
  next.restart(() => void look(), afterMs);
}

async function show(id: string): Promise<void> {
  try {
    const answer = await fetch(`/api/report-jobs/${id}/file`, { credentials: "same-origin" });
    if (!answer.ok) throw await problemFrom(answer);
    preview.value = await answer.text();
    // On a phone it lies below what was asked for.
    document.querySelector(".report-preview")?.scrollIntoView({ block: "nearest" });
  } catch (found) {
    fault.value = found;
  }
}

export function sizeWords(bytes: number): string {
  return bytes >= 1_000_000 ? `${(bytes / 1_000_000).toFixed(1)} MB` : `${Math.max(1, Math.round(bytes / 1000))} kB`;
}

export const FORMAT_WORDS = {
  html: "reports.format.html",
  map: "reports.format.map",
  pdf: "reports.format.pdf",
  xlsx: "reports.format.xlsx",
} as const satisfies Record<Format, string>;
