/** What the phone asks of the server, with the right key for each. */

import { CrewNow, Took } from "../wire/crew.ts";
import { FeatureCollection } from "../wire/geojson.ts";
import { lat, listOf, lon, Misfit, object, optional, type Parser, text } from "../wire/parser.ts";
import { Session } from "../wire/session.ts";
import type { Bytes } from "./encryption.ts";
import type { Report } from "./reports.ts";
import { noteDate, noteTime } from "./server-clock.ts";

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
  return jsonOf(await request("POST", "/api/crew/reports", by, JSON.stringify({ reports }), "application/json"), Took);
}

export async function sendPhoto(id: string, bytes: Bytes, type: string, by: By): Promise<void> {
  const answer = await request(
    "PUT",
    `/api/crew/photos/${id}?small=true`,
    by,
    new Blob([bytes], { type }),
    type,
    PHOTO_MS,
  );
  if (answer.status !== 204) throw new Failure(STRANGE, ""); // nobody but the office says so that it has it
}

/** Sends the camera's own file of a photo that is there; `stop` ends it when something else must go. */
export async function sendOriginal(id: string, bytes: Bytes, by: By, stop: AbortSignal): Promise<void> {
  const type = "application/octet-stream";
  const answer = await request(
    "PUT",
    `/api/crew/originals/${id}`,
    by,
    new Blob([bytes], { type }),
    type,
    PHOTO_MS,
    stop,
  );
  if (answer.status !== 204) throw new Failure(STRANGE, "");
}

export async function readCrew(by: By): Promise<CrewNow> {
  const sentAt = Date.now();
  const answer = await request("GET", "/api/crew", by);
  const heardAt = Date.now();
  const found = await jsonOf(answer, CrewNow);
  noteTime(found.server_time, sentAt, heardAt);
  return found;
}

export async function readMap(lon: number, lat: number, radiusKm: number, by: By): Promise<GeoJSON.FeatureCollection> {
  const query = new URLSearchParams({ lon: lon.toFixed(3), lat: lat.toFixed(3), radius_km: String(radiusKm) });
  return jsonOf(await request("GET", `/api/crew/map?${query}`, by), FeatureCollection);
}

/** Open targets of the phone's own agency: held while the form is open, never kept. */
export async function readTargets(agency: string, by: By): Promise<{ id: string; name: string }[]> {
  const found = await jsonOf(
    await request("GET", "/api/targets", by),
    listOf(object({ id: text, name: text, agency: text })),
  );
  return found.filter((each) => each.agency === agency);
}

/** Where a river kilometre is. */
export async function readPlaceAtKm(km: number): Promise<{ lon: number; lat: number }> {
  return jsonOf(await request("GET", `/api/address?river_km=${km}`, null), object({ lon, lat }));
}

/** Who is signed in with a name; null when nobody is. */
export async function readSession(): Promise<Session | null> {
  try {
    return await jsonOf(await request("GET", "/api/session", null), Session);
  } catch (fault) {
    if (fault instanceof Failure && fault.status === 401) return null;
    throw fault;
  }
}

async function request(
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
  if (ofOffice) noteDate(answer.headers.get("date"), sentAt, Date.now()); // who else answers may have another time
  if (answer.ok && ofOffice) return answer;
  if (answer.ok) throw new Failure(STRANGE, "");
  throw new Failure(answer.status, ...(await saidIn(answer)));
}

function noAnswer(fault: unknown): Failure {
  return new Failure(0, "", { slow: fault instanceof DOMException && fault.name === "TimeoutError" });
}

async function jsonOf<T>(answer: Response, parser: Parser<T>): Promise<T> {
  try {
    return parser(await answer.json());
  } catch (fault) {
    if (fault instanceof Misfit)
      console.error(`answer not read: ${answer.url}: ${fault.path.join(".")}: ${fault.message}`);
    throw fault instanceof SyntaxError || fault instanceof Misfit ? new Failure(STRANGE, "") : noAnswer(fault);
  }
}

const Said = object({ error: optional(text), message: optional(text) });

/** What an answer says of why it is none. */
async function saidIn(answer: Response): Promise<[message: string, details: Details]> {
  const waitMs = Math.min(LONGEST_WAIT_MS, Number(answer.headers.get("retry-after") ?? 0) * 1000 || 0);
  try {
    const { error = "", message = answer.statusText } = Said(await answer.json());
    return [message, { waitMs, error }];
  } catch {
    return [answer.statusText, { waitMs }];
  }
}
