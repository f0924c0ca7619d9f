/** What the phone asks of the server, with the right key for each. */
import type { Session } from "../wire/contract.ts";
import type { Bytes } from "./encryption.ts";
import type { Report } from "./reports.ts";
import { hearDate, hearTime } from "./time.ts";

/** `GET /api/crew`. */
export interface CrewNow {
  server_time: string;
  node: { id: string; name: string; time_zone: string };
  agency: string;
  user: string | null;
  device: string | null;
  unit: { id: string; call_sign: string; kind: string; distress: boolean } | null;
  patrols: CrewPatrol[];
  sectors: CrewSector[];
  texts: CrewText[];
  phrases: CrewPhrase[];
}

export interface CrewPatrol {
  id: string;
  name: string;
  state: string;
  starts_at: string;
  ends_at: string;
  check_in_interval_s: number | null;
  next_check_in_at: string | null;
  /** Absent in a copy that an older page kept. */
  check_in_by_message?: boolean;
  sectors: string[];
  units: { id: string; call_sign: string }[];
}

export interface CrewSector {
  id: string;
  name: string;
  use: string;
  agency: string;
  polygon: GeoJSON.Position[][];
}

export interface CrewText {
  id: string;
  at: string;
  from: string;
  text?: string | null;
  phrase?: string | null;
  read_at?: string | null;
}

export interface CrewPhrase {
  code: string;
  language?: string;
  text?: string;
  topic?: string;
}

export interface Took {
  taken: string[];
  refused: { id: string; error: string; message: string; field?: string }[];
}

/** By which key a call goes: a Bearer key, or null for the session's cookie. */
export type By = string | null;

/** What is known of a call that did not go well, beside its status. */
interface Details {
  /** The server's own short word for it; empty when something on the way answered, or nobody. */
  error?: string;
  /** How long the server asks to wait, ms. */
  waitMs?: number;
  /** No answer came in the time that was given. */
  slow?: boolean;
}

/** A call that did not go well. `status` 0: no answer came. */
export class Failure extends Error {
  readonly status: number;
  readonly error: string;
  /** How long to wait, ms; 0 where the server does not say. */
  readonly waitMs: number;
  readonly slow: boolean;

  constructor(status: number, message: string, { error = "", waitMs = 0, slow = false }: Details = {}) {
    super(message);
    this.name = "Failure";
    this.status = status;
    this.error = error;
    this.waitMs = waitMs;
    this.slow = slow;
  }
}

const QUICK_MS = 20_000;
const PHOTO_MS = 180_000;
/** What stands between may ask to wait for hours: a crew does not. */
const LONGEST_WAIT_MS = 60_000;
/** As a status: what answered is not the office, but a page of who lets into the network, or of a proxy. */
const STRANGE = 502;

export async function sendReports(reports: readonly Report[], by: By): Promise<Took> {
  const took = await jsonOf<Partial<Took> | null>(
    await ask("POST", "/api/crew/reports", by, JSON.stringify({ reports }), "application/json"),
  );
  if (!Array.isArray(took?.taken) || !Array.isArray(took.refused)) throw new Failure(STRANGE, "");
  return took as Took;
}

export async function sendPhoto(id: string, bytes: Bytes, type: string, by: By): Promise<void> {
  const answer = await ask("PUT", `/api/crew/photos/${id}?small=true`, by, new Blob([bytes], { type }), type, PHOTO_MS);
  if (answer.status !== 204) throw new Failure(STRANGE, ""); // nobody but the office says so that it has it
}

/** Sends the camera's own file of a photo that is there; `stop` ends it when something else must go. */
export async function sendOriginal(id: string, bytes: Bytes, by: By, stop: AbortSignal): Promise<void> {
  const type = "application/octet-stream";
  const answer = await ask("PUT", `/api/crew/originals/${id}`, by, new Blob([bytes], { type }), type, PHOTO_MS, stop);
  if (answer.status !== 204) throw new Failure(STRANGE, "");
}

export async function readCrew(by: By): Promise<CrewNow> {
  const sentAt = Date.now();
  const answer = await ask("GET", "/api/crew", by);
  const heardAt = Date.now();
  const found = await jsonOf<CrewNow>(answer);
  hearTime(found.server_time, sentAt, heardAt);
  return found;
}

export async function readMap(lon: number, lat: number, radiusKm: number, by: By): Promise<GeoJSON.FeatureCollection> {
  const query = new URLSearchParams({ lon: lon.toFixed(3), lat: lat.toFixed(3), radius_km: String(radiusKm) });
  return jsonOf<GeoJSON.FeatureCollection>(await ask("GET", `/api/crew/map?${query}`, by));
}

/** Open targets of the phone's own agency: held while the form is open, never kept. */
export async function readTargets(agency: string, by: By): Promise<{ id: string; name: string }[]> {
  const found = await jsonOf<{ id: string; name: string; agency: string }[]>(await ask("GET", "/api/targets", by));
  return found.filter((each) => each.agency === agency);
}

/** Where a river kilometre is. */
export async function readPlaceAtKm(km: number): Promise<{ lon: number; lat: number }> {
  return jsonOf<{ lon: number; lat: number }>(await ask("GET", `/api/address?river_km=${km}`, null));
}

/** Who is signed in with a name; null when nobody is. */
export async function readSession(): Promise<Session | null> {
  try {
    return await jsonOf<Session>(await ask("GET", "/api/session", null));
  } catch (fault) {
    if (fault instanceof Failure && fault.status === 401) return null;
    throw fault;
  }
}

async function ask(
  method: string,
  path: string,
  by: By,
  body?: BodyInit,
  type?: string,
  within = QUICK_MS,
  stop?: AbortSignal,
): Promise<Response> {
  const headers = new Headers();
  if (by !== null) headers.set("authorization", `Bearer ${by}`);
  if (type !== undefined) headers.set("content-type", type);
  const sentAt = Date.now();
  const late = AbortSignal.timeout(within);
  // Older browsers cannot join two signals: there it ends by its time alone.
  const signal = stop === undefined || typeof AbortSignal.any !== "function" ? late : AbortSignal.any([late, stop]);
  let answer: Response;
  try {
    answer = await fetch(path, {
      method,
      headers,
      credentials: by === null ? "same-origin" : "omit",
      cache: "no-store",
      signal,
      redirect: "error", // the office sends nobody elsewhere
      ...(body === undefined ? {} : { body }),
    });
  } catch (fault) {
    throw noAnswer(fault);
  }
  const ofOffice = answer.status === 204 || (answer.headers.get("content-type") ?? "").includes("json");
  if (ofOffice) hearDate(answer.headers.get("date"), sentAt, Date.now()); // who else answers may have another time
  if (answer.ok && ofOffice) return answer;
  if (answer.ok) throw new Failure(STRANGE, "");
  throw new Failure(answer.status, ...(await saidIn(answer)));
}

function noAnswer(fault: unknown): Failure {
  return new Failure(0, "", { slow: fault instanceof DOMException && fault.name === "TimeoutError" });
}

async function jsonOf<T>(answer: Response): Promise<T> {
  try {
    return (await answer.json()) as T;
  } catch (fault) {
    throw fault instanceof SyntaxError ? new Failure(STRANGE, "") : noAnswer(fault);
  }
}

/** What an answer says of why it is none. */
async function saidIn(answer: Response): Promise<[message: string, details: Details]> {
  const waitMs = Math.min(LONGEST_WAIT_MS, Number(answer.headers.get("retry-after") ?? 0) * 1000 || 0);
  try {
    const { error, message } = (await answer.json()) as { error?: unknown; message?: unknown };
    return [
      typeof message === "string" ? message : answer.statusText,
      { waitMs, error: typeof error === "string" ? error : "" },
    ];
  } catch {
    return [answer.statusText, { waitMs }];
  }
}
