/**
 * Reads one frame of the live stream. What the server says is checked here, once, and not cast: a page may be older
 * than the server. A field that cannot be read is left out, a thing that cannot be read is skipped, and both are told
 * of; only a frame that has no number, time or kind is none. Pure.
 */

import { ChannelHealth, Claim } from "./channels.ts";
import { Alert, DOCUMENTS, isListed, OfficeDocument } from "./documents.ts";
import { count, type Fields, isRecord, listOf, moment, name, object, type Parser, text } from "./parser.ts";
import type { Change, FixTable, LiveFrame, Snapshot, Table } from "./stream.ts";
import { withoutTables } from "./tables.ts";
import { Fix, UnitState } from "./units.ts";

/** Something that could not be read: what it is, its id as far as it has one, and the fields at fault. */
export interface ItemFault {
  what: string;
  id: string;
  fields: string[];
  /** It is left out; else only the fields are. */
  skipped: boolean;
}

export interface ParsedFrame {
  /** Null when this is no frame: nothing of it can be used. */
  frame: LiveFrame | null;
  faults: ItemFault[];
  /** A whole frame of a kind that this page does not know: there is nothing to ask for again. */
  unknown?: boolean;
}

type JsonRecord = Record<string, unknown>;
/** Said instead of a field that cannot be read, rather than leaving the thing out. */
type Instead = Readonly<JsonRecord>;

/** Faults that are told of one frame, at most. */
const MOST_FAULTS = 50;

/** A unit in a state that is not known is not shown as well. */
const UNIT: Instead = { liveness: "lost", call_sign: "?", agency: "" };
const CHANNEL: Instead = {
  url: "",
  protocols: [],
  state: "down",
  bytes_read: 0,
  frames: 0,
  transmissions: 0,
  junk_bytes: 0,
  shed: 0,
  reconnects: 0,
  errors: {},
};
/** Something needs a person, whatever it is. */
const ALERT: Instead = { agency: "", rule: "?", subject: "", severity: "high" };

/** Reads one frame, as its text came. */
export function parseFrame(said: string): ParsedFrame {
  const faults: ItemFault[] = [];
  const frame = readFrame(said, faults);
  const unknown = frame === "unknown";
  return {
    frame: frame === "unknown" ? null : frame,
    faults: faults.slice(0, MOST_FAULTS),
    ...(unknown ? { unknown } : {}),
  };
}

const Head = object({ type: text, seq: count, time: moment });
const KINDS = ["snapshot", "change", "beat"];

function readFrame(said: string, faults: ItemFault[]): LiveFrame | "unknown" | null {
  let frame: unknown;
  try {
    frame = JSON.parse(said);
  } catch {
    frame = null;
  }
  const bad = (...fields: string[]): null => {
    faults.push({ what: "frame", id: "", fields, skipped: true });
    return null;
  };
  if (!isRecord(frame)) return bad();
  if (typeof frame["type"] === "string" && !KINDS.includes(frame["type"])) return bad("type") ?? "unknown";
  const head = readAs(frame, Head);
  if (head.value === null) return bad(...head.fields.slice(0, 1));
  const { type, seq, time } = head.value;
  if (type === "beat") return { type, seq, time };
  const lists = readLists(frame, time, faults);
  if (type === "change") return { type, seq, time, ...lists } satisfies Change;
  const { stream, build } = frame;
  if (!fits(stream, name)) return bad("stream");
  if (lists.units === undefined) return bad("units");
  const { units, channels = [], claims = [], papers = [] } = lists;
  return {
    type: "snapshot",
    stream,
    seq,
    time,
    ...(fits(build, text) && { build }),
    units,
    channels,
    claims,
    papers,
  } satisfies Snapshot;
}

type Lists = Pick<Change, "fixes" | "units" | "forget" | "channels" | "claims" | "papers">;

function readLists(frame: JsonRecord, time: string, faults: ItemFault[]): Lists {
  const read: Lists = {};
  const list = (field: string): unknown[] | undefined => {
    const value = frame[field];
    if (value === undefined || value === null) return undefined;
    if (Array.isArray(value)) return value;
    faults.push({ what: field, id: "", fields: [field], skipped: true });
    return undefined;
  };
  const each = <T>(field: string, what: string, read: (item: unknown) => Read<T>): T[] | undefined =>
    list(field)?.flatMap((item) => {
      const { value, fields } = read(item);
      if (value === null || fields.length > 0) faults.push({ what, id: idOf(item), fields, skipped: value === null });
      return value === null ? [] : [value];
    });
  const fixes = [
    ...(each("fixes", "fix", (item) => readAs(item, Fix)) ?? []),
    ...fixesOfTables(list("tables"), time, faults),
  ];
  if (fixes.length > 0 || frame["fixes"] !== undefined || frame["tables"] !== undefined) read.fixes = fixes;
  const units = each("units", "unit", (item) => readAs(item, UnitState, UNIT));
  if (units !== undefined) read.units = units;
  const forget = each(
    "forget",
    "forget",
    (item): Read<string> => (fits(item, name) ? { value: item, fields: [] } : { value: null, fields: ["id"] }),
  );
  if (forget !== undefined) read.forget = forget;
  const channels = each("channels", "channel", (item) => readAs(item, ChannelHealth, CHANNEL));
  if (channels !== undefined) read.channels = channels;
  const claims = each("claims", "claim", (item) => readAs(item, Claim));
  if (claims !== undefined) read.claims = claims;
  const documents = each("papers", "paper", (item) => readDocument(item, time));
  if (documents !== undefined) read.papers = documents;
  return read;
}

/** What came of one thing: null when it is to be left out. `fields` are those at fault. */
interface Read<T> {
  value: T | null;
  fields: string[];
}

/** A kind that this page has no use for is nobody's fault, and `Picture` leaves it out. */
function readDocument(item: unknown, time: string): Read<OfficeDocument> {
  const kind = isRecord(item) ? item["kind"] : undefined;
  if (typeof kind !== "string") return { value: null, fields: ["kind"] };
  if (!isListed({ kind })) return { value: OfficeDocument(item), fields: [] };
  if (kind !== "alert") return readAs<OfficeDocument>(item, DOCUMENTS[kind as OfficeDocument["kind"]]);
  // Of an alert nothing but its id is needed: what calls for help may be said badly.
  const read = readAs(item, Alert, { ...ALERT, at: time, raised_at: time });
  return read.value?.unit === "" ? { ...read, value: { ...read.value, unit: null } } : read;
}

/** Rows of a table become positions among the others; a table that is none is left out whole. */
function fixesOfTables(tables: unknown[] | undefined, time: string, faults: ItemFault[]): Fix[] {
  return (tables ?? []).flatMap((table) => {
    if (!isFixTable(table)) {
      faults.push({ what: "table", id: "", fields: ["rows"], skipped: true });
      return [];
    }
    let rows: Fix[];
    try {
      rows = withoutTables({ type: "change", seq: 0, time, tables: [table] }).fixes ?? [];
    } catch {
      faults.push({ what: "table", id: "", fields: ["rows"], skipped: true }); // a time that is none
      return [];
    }
    return rows.flatMap((row) => {
      const { value, fields } = readAs(row, Fix);
      if (value === null || fields.length > 0)
        faults.push({ what: "fix", id: idOf(row), fields, skipped: value === null });
      return value === null ? [] : [value];
    });
  });
}

function isFixTable(value: unknown): value is JsonRecord & FixTable {
  return isTable(value) && (value["places"] === undefined || value["places"] === null || isTable(value["places"]));
}

function isTable(value: unknown): value is JsonRecord & Table {
  if (!isRecord(value) || !Array.isArray(value["rows"])) return false;
  const [names, ...rows] = value["rows"] as unknown[];
  return fits(names, NAMES) && rows.every(Array.isArray) && (value["same"] === undefined || isRecord(value["same"]));
}

const NAMES = listOf(text);

/** Reads a thing field by field; the very object where all are well, so that thousands are not copied. */
function readAs<T>(item: unknown, parser: Parser<T> & { fields: Fields }, instead: Instead = {}): Read<T> {
  if (!isRecord(item)) return { value: null, fields: [] };
  let sound = item;
  const fields: string[] = [];
  const put = (field: string, value: unknown): void => {
    if (sound === item) sound = { ...item };
    if (value === undefined) delete sound[field];
    else sound[field] = value;
  };
  let missing = false;
  for (const [field, read] of Object.entries(parser.fields)) {
    try {
      const value = read(item[field]);
      if (value !== item[field]) put(field, value);
    } catch {
      fields.push(field);
      put(field, instead[field]);
      if (!("isOptional" in read) && instead[field] === undefined) missing = true;
    }
  }
  return { value: missing ? null : (sound as T), fields };
}

function fits<T>(value: unknown, parser: Parser<T>): value is T {
  try {
    parser(value);
    return true;
  } catch {
    return false;
  }
}

function idOf(item: unknown): string {
  const id = isRecord(item) ? (item["id"] ?? item["of"] ?? item["name"] ?? item["address"]) : item;
  return typeof id === "string" ? id.slice(0, 80) : "";
}
