/**
 * Reads one frame of the live stream. What the server says is checked here, once, and not cast: a page may be older
 * than the server. A field that cannot be read is left out, a thing that cannot be read is skipped, and both are told
 * of; only a frame that has no number, time or kind is none. Pure.
 */
import type { Change, ChannelHealth, Claim, Fix, FixTable, LiveFrame, Snapshot, Table, UnitState } from "./contract.ts";
import { type Alert, isShown, type Paper } from "./papers.ts";
import { withoutTables } from "./tables.ts";

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

type Fields = Record<string, unknown>;
type Test = (value: unknown) => boolean;
interface Shape {
  /** What a thing is nothing without. */
  must: Readonly<Record<string, Test>>;
  /** What it may have; null is as good as absent. */
  may: Readonly<Record<string, Test>>;
  /** Said instead of a field that cannot be read, rather than leaving it out. */
  instead?: Readonly<Fields>;
}

/** What a calendar can show: a computer whose clock died tells 1970. */
const [EARLIEST_MS, LATEST_MS] = [Date.UTC(1900, 0), Date.UTC(2200, 0)];
/** Faults that are told of one frame, at most. */
const MOST_FAULTS = 50;

const text: Test = (value) => typeof value === "string";
const name: Test = (value) => typeof value === "string" && value !== "";
const flag: Test = (value) => typeof value === "boolean";
const figure: Test = (value) => typeof value === "number" && Number.isFinite(value);
const count: Test = (value) => Number.isSafeInteger(value) && (value as number) >= 0;
const moment: Test = (value) => typeof value === "string" && within(Date.parse(value), EARLIEST_MS, LATEST_MS);
const lon: Test = (value) => within(value, -180, 180);
const lat: Test = (value) => within(value, -90, 90);
const texts: Test = (value) => Array.isArray(value) && value.every(text);
const counts: Test = (value) => isFields(value) && Object.values(value).every(count);
const oneOf =
  (...words: string[]): Test =>
  (value) =>
    typeof value === "string" && words.includes(value);
const listOf =
  (shape: Shape): Test =>
  (value) =>
    Array.isArray(value) && value.every((each) => fits(each, shape));
const a =
  (shape: Shape): Test =>
  (value) =>
    fits(value, shape);

const bank = oneOf("left", "right", "mid");
const kind = oneOf("boat", "vehicle", "foot", "handheld", "fixed");
const linkState = oneOf("opening", "open", "silent", "down", "stopped");

const ADDRESS: Shape = {
  must: {},
  may: {
    river: text,
    km: figure,
    bank,
    offset_m: figure,
    error_m: figure,
    km_error_share: figure,
    reach: text,
    golden_triangle_km: figure,
    also: texts,
    country: text,
    neighbour: text,
    border_m: figure,
    border_error_m: figure,
    side_sure: flag,
  },
};
const FIX: Shape = {
  must: { of: name, lon, lat, time: moment },
  may: {
    live: flag,
    speed_mps: figure,
    course_deg: figure,
    heading_deg: figure,
    accuracy_m: figure,
    altitude_m: figure,
    river_km: figure,
    bank,
    place: a(ADDRESS),
    flags: texts,
    typical_accuracy_m: figure,
  },
};
const UNIT: Shape = {
  must: { id: name, call_sign: text, agency: text },
  may: {
    kind,
    country: text,
    known: flag,
    person: flag,
    liveness: oneOf("live", "late", "lost", "never", "cut"),
    cut_by: texts,
    expected_interval_s: figure,
    last: a(FIX),
    heard_at: moment,
    addresses: texts,
    distress: flag,
    by_voice: flag,
    status: text,
    text,
    text_at: moment,
    phrase: text,
    flags: texts,
  },
  instead: { liveness: "lost", call_sign: "?", agency: "" }, // a unit in a state that is not known is not shown as well
};
const GATEWAY: Shape = {
  must: {
    gateway: text,
    told_at: moment,
    uplink: linkState,
    waiting: count,
    sent: count,
    receipted: count,
    dropped: counts,
    refused: count,
  },
  may: { uplink_fault: text, oldest_waiting_at: moment, damaged: count, spool_fault: text, inbox: count },
};
const CLOCK: Shape = {
  must: { kind: oneOf("set", "differs", "gateway"), by_s: figure, at: moment },
  may: { followed: flag, radios: count },
};
const CHANNEL: Shape = {
  must: {
    name,
    url: text,
    protocols: texts,
    state: linkState,
    since: moment,
    bytes_read: count,
    frames: count,
    transmissions: count,
    junk_bytes: count,
    shed: count,
    reconnects: count,
    errors: counts,
  },
  may: {
    fault: text,
    last_heard_at: moment,
    expected_interval_s: figure,
    journal_fault: text,
    journal_missed: count,
    gateway: a(GATEWAY),
    clock: a(CLOCK),
    inbox: count,
  },
  instead: {
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
  },
};
const CLAIM: Shape = {
  must: { address: name, channel: text, agency: text, since: moment },
  may: { unit: text, bound: text, distance_m: figure, ended: flag },
};

const SIGHTING: Shape = {
  must: { at: moment, lon, lat },
  may: {
    speed_mps: figure,
    course_deg: figure,
    place: text,
    river: text,
    km: figure,
    bank,
    country: text,
    neighbour: text,
    side_sure: flag,
  },
};
const LANDING: Shape = {
  must: { river: text, km: figure, error_km: figure, lon, lat },
  may: { bank, eta: moment, earliest: moment, latest: moment },
};
const PREDICTION: Shape = {
  must: { since: moment, river: text },
  may: {
    way: oneOf("up", "down"),
    speed_mps: figure,
    landing: a(LANDING),
    track: listOf({ must: { at: moment, lon, lat, km: figure, error_km: figure }, may: {} }),
  },
};
const target = oneOf("vessel", "person", "vehicle");
const ring: Test = (value) =>
  Array.isArray(value) && value.every((each) => Array.isArray(each) && lon(each[0]) && lat(each[1]));
const polygon: Test = (value) => Array.isArray(value) && value.every(ring);
const facts: Test = (value) =>
  isFields(value) && Object.values(value).every((each) => ["string", "number", "boolean"].includes(typeof each));
const PAPER = { id: name, agency: text, at: moment };
const PAPER_MAY = { version: count, state: text };
/** States are any text: which of them a page knows is not what can be read. */
const PAPERS: Readonly<Record<Paper["kind"], Shape>> = {
  alert: {
    must: { ...PAPER, rule: name, subject: text, severity: oneOf("sos", "high", "medium", "low"), raised_at: moment },
    may: {
      ...PAPER_MAY,
      historical: flag,
      unit: text,
      lon,
      lat,
      place: text,
      facts,
      returned_at: moment,
      count,
      told: texts,
      escalates_at: moment,
      acknowledged_at: moment,
      acknowledged_by: text,
      shelved_until: moment,
      note: text,
    },
    instead: { agency: "", rule: "?", subject: "", severity: "high" }, // something needs a person, whatever it is
  },
  target: {
    must: { ...PAPER, case: text, what: target, name: text },
    may: {
      ...PAPER_MAY,
      description: text,
      custodian: text,
      hand_off: text,
      sightings: listOf(SIGHTING),
      prediction: a(PREDICTION),
    },
  },
  hand_off: {
    must: { ...PAPER, case: text, target: text, to: text, term: figure, offered_at: moment, lapses_at: moment },
    may: {
      ...PAPER_MAY,
      why: oneOf("border", "river", "demand"),
      what: target,
      name: text,
      description: text,
      fixes: listOf(SIGHTING),
      prediction: a(PREDICTION),
      note: text,
      reason: text,
    },
  },
  agreement: {
    must: { ...PAPER, agencies: texts, terms: a({ must: { name: text, classes: texts }, may: {} }) },
    may: {
      ...PAPER_MAY,
      consents: listOf({
        must: { agency: text, given: flag, at: moment },
        may: { reason: text, by: text, also: texts },
      }),
    },
  },
  patrol: { must: { ...PAPER, name: text, agencies: texts, starts_at: moment, ends_at: moment }, may: PAPER_MAY },
  sector: {
    must: { ...PAPER, name: text },
    may: {
      ...PAPER_MAY,
      use: oneOf("patrol", "no_go", "rendezvous", "fishing_ban", "restricted", "reach"),
      polygon,
      retired_at: moment,
    },
  },
  incident: {
    must: { ...PAPER, category: text, happened_at: moment, precision: text },
    may: { ...PAPER_MAY, by: text, lon, lat, place: text, place_name: text, narrative: text, photos: texts },
  },
  mark: {
    must: { ...PAPER, name: text, lon, lat, marked_at: moment, ends_at: moment },
    may: {
      ...PAPER_MAY,
      use: oneOf("place", "waypoint", "meeting_point", "hazard", "route", "area"),
      path: ring,
      closed: flag,
      radius_m: figure,
      remarks: text,
      place: text,
      sender: text,
      target: text,
      incident: text,
    },
  },
};

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
  if (!isFields(frame)) return bad();
  if (!text(frame["type"])) return bad("type");
  if (!["snapshot", "change", "beat"].includes(frame["type"] as string)) return bad("type") ?? "unknown";
  if (!count(frame["seq"])) return bad("seq");
  if (!moment(frame["time"])) return bad("time");
  const { seq, time } = frame as { seq: number; time: string };
  if (frame["type"] === "beat") return { type: "beat", seq, time };
  const lists = readLists(frame, time, faults);
  if (frame["type"] === "change") return { type: "change", seq, time, ...lists } satisfies Change;
  if (!name(frame["stream"])) return bad("stream");
  if (lists.units === undefined) return bad("units");
  const { units, channels = [], claims = [], papers = [] } = lists;
  const build = text(frame["build"]) ? { build: frame["build"] as string } : {};
  return {
    type: "snapshot",
    stream: frame["stream"] as string,
    seq,
    time,
    ...build,
    units,
    channels,
    claims,
    papers,
  } satisfies Snapshot;
}

type Lists = Pick<Change, "fixes" | "units" | "forget" | "channels" | "claims" | "papers">;

function readLists(frame: Fields, time: string, faults: ItemFault[]): Lists {
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
    ...(each("fixes", "fix", (item) => readAs<Fix>(item, FIX)) ?? []),
    ...fixesOfTables(list("tables"), time, faults),
  ];
  if (fixes.length > 0 || frame["fixes"] !== undefined || frame["tables"] !== undefined) read.fixes = fixes;
  const units = each("units", "unit", (item) => readAs<UnitState>(item, UNIT));
  if (units !== undefined) read.units = units;
  const forget = each(
    "forget",
    "forget",
    (item): Read<string> => (name(item) ? { value: item as string, fields: [] } : { value: null, fields: ["id"] }),
  );
  if (forget !== undefined) read.forget = forget;
  const channels = each("channels", "channel", (item) => readAs<ChannelHealth>(item, CHANNEL));
  if (channels !== undefined) read.channels = channels;
  const claims = each("claims", "claim", (item) => readAs<Claim>(item, CLAIM));
  if (claims !== undefined) read.claims = claims;
  const papers = each("papers", "paper", (item) => readPaper(item, time));
  if (papers !== undefined) read.papers = papers;
  return read;
}

/** What came of one thing: null when it is to be left out. `fields` are those at fault. */
interface Read<T> {
  value: T | null;
  fields: string[];
}

/** A kind that this page has no use for is nobody's fault, and `Picture` leaves it out. */
function readPaper(item: unknown, time: string): Read<Paper> {
  const kind = isFields(item) && text(item["kind"]) ? (item["kind"] as string) : null;
  if (kind === null) return { value: null, fields: ["kind"] };
  if (!isShown({ kind })) return { value: item as unknown as Paper, fields: [] };
  const shape = PAPERS[kind as Paper["kind"]];
  // Of an alert nothing but its id is needed: what calls for help may be said badly.
  const read = readAs<Paper>(
    item,
    kind === "alert" ? { ...shape, instead: { ...shape.instead, at: time, raised_at: time } } : shape,
  );
  const alert = read.value as Alert | null;
  if (kind === "alert" && alert?.unit === "") return { ...read, value: { ...alert, unit: null } };
  return read;
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
      const { value, fields } = readAs<Fix>(row, FIX);
      if (value === null || fields.length > 0)
        faults.push({ what: "fix", id: idOf(row), fields, skipped: value === null });
      return value === null ? [] : [value];
    });
  });
}

function isFixTable(value: unknown): value is Fields & FixTable {
  return isTable(value) && (value["places"] === undefined || value["places"] === null || isTable(value["places"]));
}

function isTable(value: unknown): value is Fields & Table {
  if (!isFields(value) || !Array.isArray(value["rows"])) return false;
  const [names, ...rows] = value["rows"] as unknown[];
  return texts(names) && rows.every(Array.isArray) && (value["same"] === undefined || isFields(value["same"]));
}

/** Checks a thing's fields; the very object where all are well, so that thousands are not copied. */
function readAs<T>(item: unknown, { must, may, instead }: Shape): Read<T> {
  if (!isFields(item)) return { value: null, fields: [] };
  let sound = item;
  const fields: string[] = [];
  const put = (field: string, value: unknown): void => {
    fields.push(field);
    if (sound === item) sound = { ...item };
    if (value === undefined) delete sound[field];
    else sound[field] = value;
  };
  let missing = false;
  for (const field in must) {
    if ((must[field] as Test)(item[field])) continue;
    put(field, instead?.[field]);
    if (instead?.[field] === undefined) missing = true;
  }
  for (const field in may) {
    const value = item[field];
    if (value !== undefined && value !== null && !(may[field] as Test)(value)) put(field, instead?.[field]);
  }
  return { value: missing ? null : (sound as T), fields };
}

function fits(item: unknown, { must, may }: Shape): boolean {
  if (!isFields(item)) return false;
  for (const field in must) if (!(must[field] as Test)(item[field])) return false;
  for (const field in may)
    if (item[field] !== undefined && item[field] !== null && !(may[field] as Test)(item[field])) return false;
  return true;
}

function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function within(value: unknown, least: number, most: number): boolean {
  return typeof value === "number" && value >= least && value <= most;
}

function idOf(item: unknown): string {
  const id = isFields(item) ? (item["id"] ?? item["of"] ?? item["name"] ?? item["address"]) : item;
  return typeof id === "string" ? id.slice(0, 80) : "";
}
