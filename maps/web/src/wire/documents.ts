/**
 * What people keep of plans and events, as the live stream carries it (patrol/documents/document.py): only the fields
 * that the page uses. A field that has its default is absent: a state that is absent is the first of its kind's life.
 */
import {
  count,
  eitherOf,
  figure,
  flag,
  isRecord,
  lat,
  listOf,
  lon,
  Misfit,
  moment,
  name,
  nullable,
  object,
  oneOf,
  optional,
  type Parser,
  recordOf,
  text,
  tuple,
  type ValueOf,
  wordOf,
} from "./parser.ts";
import { Bank } from "./units.ts";

const listedDocument = {
  id: name,
  /** Owner's id. */
  agency: text,
  /** When this version was made. */
  at: moment,
  /** Absent means 1. */
  version: optional(count),
};

function documentOf<K extends string>(kind: K): { kind: Parser<K> } & typeof listedDocument {
  return { kind: oneOf(kind) as Parser<K>, ...listedDocument };
}

export const Severity = oneOf("sos", "high", "medium", "low");
export type Severity = ValueOf<typeof Severity>;

export const AlertState = wordOf<
  | "raised"
  | "escalated"
  | "acknowledged"
  | "shelved"
  | "shelved_returned"
  | "returned_unacknowledged"
  | "returned_acknowledged"
  | "settled"
  | "resolved"
  | "withdrawn"
>();
export type AlertState = ValueOf<typeof AlertState>;

/** Something that needs a person. */
export const Alert = object({
  ...documentOf("alert"),
  rule: text,
  subject: text,
  severity: Severity,
  raised_at: moment,
  state: optional(AlertState),
  /** Only late fixes told of it: it does not ring. */
  historical: optional(flag),
  /** Unit, or the address of a radio that nobody has registered. */
  unit: optional(nullable(text)),
  lon: optional(nullable(lon)),
  lat: optional(nullable(lat)),
  /** River address in words. */
  place: optional(text),
  facts: optional(recordOf(eitherOf(text, figure, flag))),
  returned_at: optional(nullable(moment)),
  count: optional(count),
  /** Roles that have been told by now. */
  told: optional(listOf(text)),
  /** When others are told, unless somebody acknowledges it; absent when nobody is left. */
  escalates_at: optional(nullable(moment)),
  acknowledged_at: optional(nullable(moment)),
  acknowledged_by: optional(text),
  shelved_until: optional(nullable(moment)),
  note: optional(text),
});
export type Alert = ValueOf<typeof Alert>;

/** One look at a target. */
export const Sighting = object({
  at: moment,
  lon,
  lat,
  speed_mps: optional(nullable(figure)),
  course_deg: optional(nullable(figure)),
  place: optional(text),
  river: optional(nullable(text)),
  km: optional(nullable(figure)),
  bank: optional(nullable(Bank)),
  country: optional(nullable(text)),
  neighbour: optional(nullable(text)),
  side_sure: optional(flag),
});
export type Sighting = ValueOf<typeof Sighting>;

export const Landing = object({
  river: text,
  km: figure,
  error_km: figure,
  lon,
  lat,
  bank: optional(nullable(Bank)),
  eta: optional(nullable(moment)),
  earliest: optional(nullable(moment)),
  latest: optional(nullable(moment)),
});
export type Landing = ValueOf<typeof Landing>;

/** Where it will be, and land. Errors in kilometres along the river. */
export const Prediction = object({
  since: moment,
  river: text,
  way: optional(nullable(oneOf("up", "down"))),
  speed_mps: optional(nullable(figure)),
  track: optional(
    listOf(
      object({
        at: moment,
        lon,
        lat,
        km: figure,
        error_km: figure,
      }),
    ),
  ),
  landing: optional(nullable(Landing)),
});
export type Prediction = ValueOf<typeof Prediction>;

export const TargetKind = oneOf("vessel", "person", "vehicle");
export type TargetKind = ValueOf<typeof TargetKind>;

/** What an agency knows of somebody or something that it follows. */
export const Target = object({
  ...documentOf("target"),
  case: text,
  what: TargetKind,
  name: text,
  description: optional(text),
  state: optional(wordOf<"followed" | "offered" | "granted" | "handed over" | "closed">()),
  custodian: optional(text),
  hand_off: optional(text),
  sightings: optional(listOf(Sighting)),
  prediction: optional(nullable(Prediction)),
});
export type Target = ValueOf<typeof Target>;

export const HandOffState = wordOf<
  "offered" | "escalated" | "accepted" | "declined" | "withdrawn" | "lapsed" | "cut" | "granted" | "taken"
>();
export type HandOffState = ValueOf<typeof HandOffState>;

/** A target offered to the agency on the other bank. */
export const HandOff = object({
  ...documentOf("hand_off"),
  case: text,
  target: text,
  to: text,
  state: optional(HandOffState),
  /** Term of custody that an answer must name. */
  term: figure,
  offered_at: moment,
  lapses_at: moment,
  why: optional(oneOf("border", "river", "demand")),
  what: optional(nullable(TargetKind)),
  name: optional(text),
  description: optional(text),
  fixes: optional(listOf(Sighting)),
  prediction: optional(nullable(Prediction)),
  note: optional(text),
  reason: optional(text),
});
export type HandOff = ValueOf<typeof HandOff>;

/** What an officer of a party said; what is another agency's is without the names of officer and key. */
export const OfficerWord = object({
  agency: text,
  at: moment,
  by: optional(text),
  /** Their own key signed it; null for a session alone. */
  key: optional(
    nullable(
      object({
        label: optional(text),
      }),
    ),
  ),
});
export type OfficerWord = ValueOf<typeof OfficerWord>;

/** What the parties of an agreement sign. */
export const Terms = object({
  name: text,
  classes: listOf(text),
  purposes: optional(listOf(text)),
  valid_from: optional(text),
  valid_until: optional(text),
  corridor: optional(
    nullable(
      object({
        river: text,
        km_from: figure,
        km_to: figure,
        from_river_m: figure,
        from_border_m: optional(nullable(figure)),
      }),
    ),
  ),
  hours: optional(
    nullable(
      object({
        time_zone: text,
        start: optional(figure),
        end: optional(figure),
        days: optional(listOf(text)),
      }),
    ),
  ),
  only_joint_patrols: optional(flag),
  precision_m: optional(figure),
  delay_s: optional(figure),
  answer_within_s: optional(figure),
  incidents_at_once: optional(flag),
  keep_days: optional(nullable(figure)),
  legal_basis: optional(text),
  approvals: optional(
    listOf(object({ agency: text, authority: text, number: optional(text), file_sha256: optional(text) })),
  ),
  languages: optional(listOf(text)),
  prevailing_language: optional(text),
});
export type Terms = ValueOf<typeof Terms>;

/** What agencies share, and whether they do. */
export const Agreement = object({
  ...documentOf("agreement"),
  agencies: listOf(text),
  terms: Terms,
  terms_version: optional(figure),
  /** Which of its texts the terms are: 1, 2, … */
  text_number: optional(figure),
  state: optional(wordOf<"draft" | "proposed" | "active" | "suspended" | "ended" | "expired">()),
  signatures: optional(listOf(object({ ...OfficerWord.fields, office: optional(text) }))),
  /** The last word of each party that signed. */
  consents: optional(
    listOf(object({ ...OfficerWord.fields, given: flag, reason: optional(text), also: optional(listOf(text)) })),
  ),
});
export type Agreement = ValueOf<typeof Agreement>;

export const SectorUse = oneOf("patrol", "no_go", "rendezvous", "fishing_ban", "restricted", "reach");
export type SectorUse = ValueOf<typeof SectorUse>;

/** An area that people drew, or a stretch of a river. */
export const Sector = object({
  ...documentOf("sector"),
  name: text,
  use: optional(SectorUse),
  /** Rings of one polygon; absent for a stretch. */
  polygon: optional(nullable(listOf(listOf(tuple(lon, lat))))),
  retired_at: optional(nullable(moment)),
});
export type Sector = ValueOf<typeof Sector>;

/** What happened: told by a crew or an office. */
/** Without its kind, as the list of incidents has it. */
export const ListedIncident = object({
  ...listedDocument,
  state: optional(wordOf<"reported" | "confirmed" | "corrected" | "closed" | "withdrawn">()),
  /** Who made this version; absent for another agency's. */
  by: optional(text),
  category: text,
  /** Agencies that had a part in it, and what others than its own say of that themselves. */
  credited: optional(
    listOf(
      object({
        agency: text,
        agreed: optional(flag),
      }),
    ),
  ),
  happened_at: moment,
  precision: text,
  lon: optional(nullable(lon)),
  lat: optional(nullable(lat)),
  /** River address in words. */
  place: optional(text),
  place_name: optional(text),
  narrative: optional(text),
  /** SHA-256 of each: `/api/photos/HASH`. */
  photos: optional(listOf(text)),
});
export type ListedIncident = ValueOf<typeof ListedIncident>;

export const Incident = object({ kind: oneOf("incident"), ...ListedIncident.fields });
export type Incident = ValueOf<typeof Incident>;

/** Units that go out together. */
export const Patrol = object({
  ...documentOf("patrol"),
  name: text,
  agencies: listOf(text),
  state: optional(wordOf<"draft" | "proposed" | "signed" | "ready" | "under way" | "ended" | "cancelled">()),
  starts_at: moment,
  ends_at: moment,
});
export type Patrol = ValueOf<typeof Patrol>;

export const MarkUse = oneOf("place", "waypoint", "meeting_point", "hazard", "route", "area");
export type MarkUse = ValueOf<typeof MarkUse>;

/** A place that somebody marked. */
export const Mark = object({
  ...documentOf("mark"),
  name: text,
  use: optional(MarkUse),
  lon,
  lat,
  /** A line, or the edge of an area. */
  path: optional(listOf(tuple(lon, lat))),
  closed: optional(flag),
  radius_m: optional(nullable(figure)),
  remarks: optional(text),
  /** River address in words. */
  place: optional(text),
  state: optional(wordOf<"standing" | "ended">()),
  marked_at: moment,
  ends_at: moment,
  /** Call sign or address; absent for the office. */
  sender: optional(text),
  /** Ids of what was made of it. */
  target: optional(text),
  incident: optional(text),
});
export type Mark = ValueOf<typeof Mark>;

/** The states that end a document, by kind; the page keeps no other kinds. */
const ENDS: Record<OfficeDocument["kind"], readonly string[]> = {
  alert: ["resolved", "withdrawn"],
  target: ["closed"],
  hand_off: ["declined", "withdrawn", "lapsed", "cut", "taken"],
  agreement: ["ended", "expired"],
  patrol: ["ended", "cancelled"],
  sector: [],
  incident: ["closed", "withdrawn"],
  mark: ["ended"],
};

/** Parsers of the kinds that a page shows. */
export const DOCUMENTS = {
  alert: Alert,
  target: Target,
  hand_off: HandOff,
  agreement: Agreement,
  sector: Sector,
  patrol: Patrol,
  incident: Incident,
  mark: Mark,
};

/** A document of a kind that this page has no use for is no fault: who reads it leaves it out. */
export const OfficeDocument: Parser<OfficeDocument> = (value) => {
  const kind = isRecord(value) ? value["kind"] : undefined;
  if (typeof kind !== "string") throw new Misfit("a kind of document");
  const parse: Parser<OfficeDocument> | undefined = DOCUMENTS[kind as OfficeDocument["kind"]];
  return parse === undefined ? (value as OfficeDocument) : parse(value);
};
export type OfficeDocument = Alert | Target | HandOff | Agreement | Sector | Patrol | Incident | Mark;

export function isListed(record: { kind: string }): boolean {
  return record.kind in ENDS;
}

export function versionOf(record: OfficeDocument): number {
  return record.version ?? 1;
}

/** Whether it came as it ended: nothing more is expected of it. */
export function isOver(record: OfficeDocument): boolean {
  if (record.kind === "sector") return record.retired_at != null;
  return ENDS[record.kind].includes(record.state ?? "");
}
