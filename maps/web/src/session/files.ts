/** Files to and from this browser: exports that the server makes, and files it has a look at. */

import { CallError, problemFrom, proved, readAnswer } from "../wire/calls.ts";
import { Preview } from "../wire/map.ts";

/** What the server writes, in the order people should choose from. */
export const FORMATS = ["gpx", "kml", "gpkg", "geojson", "parquet"] as const;
export type FormatName = (typeof FORMATS)[number];

/** What the server reads, as a file field wants it. */
export const READ_ENDINGS = ".geojson,.json,.gpkg,.gpx,.kml,.kmz,.csv,.zip";
export const LARGEST_FILE = 16 * 2 ** 20;

/** Where the track of a unit is made into a file: from `hours` ago until now. */
export function trackAddress(unit: string, hours: number, format: FormatName, now: Date): string {
  const end = new Date(now.getTime() + 60_000);
  const start = new Date(now.getTime() - hours * 3_600_000);
  return `/api/exports/tracks?${new URLSearchParams({ unit, start: start.toISOString(), end: end.toISOString(), format })}`;
}

export function layerAddress(name: string, format: FormatName): string {
  return `/api/exports/layers/${encodeURIComponent(name)}?${new URLSearchParams({ format })}`;
}

/**
 * Fetches a file and hands it to the browser to keep; returns what its headers say of it. A refusal is thrown in the
 * server's words.
 */
export async function save(address: string): Promise<Headers> {
  const answer = await reach(address, { credentials: "same-origin" });
  if (!answer.ok) {
    const problem = await problemFrom(answer);
    if (!(await proved(problem))) throw problem;
    return save(address);
  }
  const name = /filename="([^"]+)"/.exec(answer.headers.get("content-disposition") ?? "")?.[1] ?? "export";
  const href = URL.createObjectURL(await answer.blob());
  const link = document.createElement("a");
  link.href = href;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(href), 60_000);
  return answer.headers;
}

/** Sends a file to the server and returns what is in it; `encoding` is that of its text, where somebody chose it. */
export async function lookInto(file: File, signal: AbortSignal, encoding?: string): Promise<Preview> {
  const address = `/api/imports?${new URLSearchParams({ name: file.name, ...(encoding !== undefined && { encoding }) })}`;
  const answer = await reach(address, {
    method: "POST",
    credentials: "same-origin",
    body: file,
    headers: { "content-type": "application/octet-stream" },
    signal,
  });
  if (!answer.ok) throw await problemFrom(answer);
  return readAnswer(answer, "POST /api/imports", Preview);
}

async function reach(address: string, request: RequestInit): Promise<Response> {
  try {
    return await fetch(address, request);
  } catch (fault) {
    if (fault instanceof DOMException && fault.name === "AbortError") throw fault;
    throw new CallError(0, { error: "unreachable", message: "" });
  }
}
