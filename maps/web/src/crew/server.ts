/** What the phone asks of the server, with the right key for each. */
import type { Session } from "../contract.ts";
import type { Bytes } from "./sealed.ts";
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

/** A call that did not go well. `status` 0: no answer came. */
export class Failure extends Error {
  readonly status: number;
  /** How long the server asks to wait, ms; 0 where it does not say. */
  readonly waitMs: number;

  constructor(status: number, message: string, waitMs = 0) {
    super(message);
    this.name = "Failure";
    this.status = status;
    this.waitMs = waitMs;
  }
}

const QUICK_MS = 20_000;
const PHOTO_MS = 180_000;

export async function sendReports(reports: readonly Report[], by: By): Promise<Took> {
  const answer = await ask("POST", "/api/crew/reports", by, JSON.stringify({ reports }), "application/json");
  return (await answer.json()) as Took;
}

export async function sendPhoto(id: string, bytes: Bytes, type: string, by: By): Promise<void> {
  await ask("PUT", `/api/crew/photos/${id}`, by, new Blob([bytes], { type }), type, PHOTO_MS);
}

export async function readCrew(by: By): Promise<CrewNow> {
  const sentAt = Date.now();
  const answer = await ask("GET", "/api/crew", by);
  const heardAt = Date.now();
  const found = (await answer.json()) as CrewNow;
  hearTime(found.server_time, sentAt, heardAt);
  return found;
}

export async function readMap(lon: number, lat: number, radiusKm: number, by: By): Promise<GeoJSON.FeatureCollection> {
  const query = new URLSearchParams({ lon: lon.toFixed(3), lat: lat.toFixed(3), radius_km: String(radiusKm) });
  return (await (await ask("GET", `/api/crew/map?${query}`, by)).json()) as GeoJSON.FeatureCollection;
}

/** Open targets of the phone's own agency: held while the form is open, never kept. */
export async function readTargets(agency: string, by: By): Promise<{ id: string; name: string }[]> {
  const found = (await (await ask("GET", "/api/targets", by)).json()) as { id: string; name: string; agency: string }[];
  return found.filter((each) => each.agency === agency);
}

/** Where a river kilometre is. */
export async function readPlaceAtKm(km: number): Promise<{ lon: number; lat: number }> {
  return (await (await ask("GET", `/api/address?river_km=${km}`, null)).json()) as { lon: number; lat: number };
}

/** Who is signed in with a name; null when nobody is. */
export async function readSession(): Promise<Session | null> {
  try {
    return (await (await ask("GET", "/api/session", null)).json()) as Session;
  } catch (fault) {
    if (fault instanceof Failure && fault.status === 401) return null;
    throw fault;
  }
}

async function ask(method: string, path: string, by: By, body?: BodyInit, type?: string, within = QUICK_MS): Promise<Response> {
  const headers = new Headers();
  if (by !== null) headers.set("authorization", `Bearer ${by}`);
  if (type !== undefined) headers.set("content-type", type);
  const sentAt = Date.now();
  let answer: Response;
  try {
    answer = await fetch(path, {
      method, headers, credentials: by === null ? "same-origin" : "omit", cache: "no-store", signal: AbortSignal.timeout(within),
      ...(body === undefined ? {} : { body }),
    });
  } catch {
    throw new Failure(0, "");
  }
  hearDate(answer.headers.get("date"), sentAt, Date.now());
  if (answer.ok) return answer;
  throw new Failure(answer.status, await messageOf(answer), Number(answer.headers.get("retry-after") ?? 0) * 1000 || 0);
}

async function messageOf(answer: Response): Promise<string> {
  try {
    return ((await answer.json()) as { message?: string }).message ?? answer.statusText;
  } catch {
    return answer.statusText;
  }
}
