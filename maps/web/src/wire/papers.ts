/**
 * What people keep of plans and events, as the live stream carries it (patrol/documents/document.py): only the fields
 * that the page uses. A field that has its default is absent: a state that is absent is the first of its kind's life.
 */

interface PaperOf<K extends string> {
  kind: K;
  id: string;
  /** Owner's id. */
  agency: string;
  /** When this version was made. */
  at: string;
  /** Absent means 1. */
  version?: number;
}

export type Severity = "sos" | "high" | "medium" | "low";
export type AlertState =
  | "raised"
  | "escalated"
  | "acknowledged"
  | "shelved"
  | "shelved_returned"
  | "returned_unacknowledged"
  | "returned_acknowledged"
  | "settled"
  | "resolved"
  | "withdrawn";

/** Something that needs a person. */
export interface Alert extends PaperOf<"alert"> {
  rule: string;
  subject: string;
  severity: Severity;
  raised_at: string;
  state?: AlertState;
  /** Only late fixes told of it: it does not ring. */
  historical?: boolean;
  /** Unit, or the address of a radio that nobody has registered. */
  unit?: string | null;
  lon?: number | null;
  lat?: number | null;
  /** River address in words. */
  place?: string;
  facts?: Record<string, string | number | boolean>;
  returned_at?: string | null;
  count?: number;
  /** Roles that have been told by now. */
  told?: string[];
  /** When others are told, unless somebody acknowledges it; absent when nobody is left. */
  escalates_at?: string | null;
  acknowledged_at?: string | null;
  acknowledged_by?: string;
  shelved_until?: string | null;
  note?: string;
}

/** One look at a target. */
export interface Sighting {
  at: string;
  lon: number;
  lat: number;
  speed_mps?: number | null;
  course_deg?: number | null;
  place?: string;
  river?: string | null;
  km?: number | null;
  bank?: Bank | null;
  country?: string | null;
  neighbour?: string | null;
  side_sure?: boolean;
}

export type Bank = "left" | "right" | "mid";

/** Where it will be, and land. Errors in kilometres along the river. */
export interface Prediction {
  since: string;
  river: string;
  way?: "up" | "down" | null;
  speed_mps?: number | null;
  track?: { at: string; lon: number; lat: number; km: number; error_km: number }[];
  landing?: Landing | null;
}

export interface Landing {
  river: string;
  km: number;
  error_km: number;
  lon: number;
  lat: number;
  bank?: Bank | null;
  eta?: string | null;
  earliest?: string | null;
  latest?: string | null;
}

export type TargetKind = "vessel" | "person" | "vehicle";

/** What an agency knows of somebody or something that it follows. */
export interface Target extends PaperOf<"target"> {
  case: string;
  what: TargetKind;
  name: string;
  description?: string;
  state?: "followed" | "offered" | "granted" | "handed over" | "closed";
  custodian?: string;
  hand_off?: string;
  sightings?: Sighting[];
  prediction?: Prediction | null;
}

export type HandOffState =
  | "offered"
  | "escalated"
  | "accepted"
  | "declined"
  | "withdrawn"
  | "lapsed"
  | "cut"
  | "granted"
  | "taken";

/** A target offered to the agency on the other bank. */
export interface HandOff extends PaperOf<"hand_off"> {
  case: string;
  target: string;
  to: string;
  state?: HandOffState;
  /** Term of custody that an answer must name. */
  term: number;
  offered_at: string;
  lapses_at: string;
  why?: "border" | "river" | "demand";
  what?: TargetKind | null;
  name?: string;
  description?: string;
  fixes?: Sighting[];
  prediction?: Prediction | null;
  note?: string;
  reason?: string;
}

/** What agencies share, and whether they do. */
export interface Agreement extends PaperOf<"agreement"> {
  agencies: string[];
  terms: Terms;
  terms_version?: number;
  state?: "draft" | "proposed" | "active" | "suspended" | "ended" | "expired";
  signatures?: (OfficerWord & { office?: string })[];
  /** The last word of each party that signed. */
  consents?: (OfficerWord & { given: boolean; reason?: string; also?: string[] })[];
}

/** What an officer of a party said; what is another agency's is without the names of officer and key. */
export interface OfficerWord {
  agency: string;
  at: string;
  by?: string;
  /** Their own key signed it; null for a session alone. */
  key?: { label?: string } | null;
}

/** What the parties of an agreement sign. */
export interface Terms {
  name: string;
  classes: string[];
  purposes?: string[];
  valid_from?: string;
  valid_until?: string;
  corridor?: {
    river: string;
    km_from: number;
    km_to: number;
    from_river_m: number;
    from_border_m?: number | null;
  } | null;
  hours?: { time_zone: string; start?: number; end?: number; days?: string[] } | null;
  only_joint_patrols?: boolean;
  precision_m?: number;
  delay_s?: number;
  answer_within_s?: number;
  incidents_at_once?: boolean;
}

export type SectorUse = "patrol" | "no_go" | "rendezvous" | "fishing_ban" | "restricted" | "reach";

/** An area that people drew, or a stretch of a river. */
export interface Sector extends PaperOf<"sector"> {
  name: string;
  use?: SectorUse;
  /** Rings of one polygon; absent for a stretch. */
  polygon?: [number, number][][] | null;
  retired_at?: string | null;
}

/** What happened: told by a crew or an office. */
export interface Incident extends PaperOf<"incident"> {
  state?: "reported" | "confirmed" | "corrected" | "closed" | "withdrawn";
  /** Who made this version; absent for another agency's. */
  by?: string;
  category: string;
  /** Agencies that had a part in it, and what others than its own say of that themselves. */
  credited?: { agency: string; agreed?: boolean }[];
  happened_at: string;
  precision: string;
  lon?: number | null;
  lat?: number | null;
  /** River address in words. */
  place?: string;
  place_name?: string;
  narrative?: string;
  /** SHA-256 of each: `/api/photos/HASH`. */
  photos?: string[];
}

/** Units that go out together. */
export interface Patrol extends PaperOf<"patrol"> {
  name: string;
  agencies: string[];
  state?: "draft" | "proposed" | "signed" | "ready" | "under way" | "ended" | "cancelled";
  starts_at: string;
  ends_at: string;
}

export type MarkUse = "place" | "waypoint" | "meeting_point" | "hazard" | "route" | "area";

/** A place that somebody marked. */
export interface Mark extends PaperOf<"mark"> {
  name: string;
  use?: MarkUse;
  lon: number;
  lat: number;
  /** A line, or the edge of an area. */
  path?: [number, number][];
  closed?: boolean;
  radius_m?: number | null;
  remarks?: string;
  /** River address in words. */
  place?: string;
  state?: "standing" | "ended";
  marked_at: string;
  ends_at: string;
  /** Call sign or address; absent for the office. */
  sender?: string;
  /** Ids of what was made of it. */
  target?: string;
  incident?: string;
}

/** The states that end a paper, by kind; the page keeps no other kinds. */
const ENDS: Record<Paper["kind"], readonly string[]> = {
  alert: ["resolved", "withdrawn"],
  target: ["closed"],
  hand_off: ["declined", "withdrawn", "lapsed", "cut", "taken"],
  agreement: ["ended", "expired"],
  patrol: ["ended", "cancelled"],
  sector: [],
  incident: ["closed", "withdrawn"],
  mark: ["ended"],
};

export type Paper = Alert | Target | HandOff | Agreement | Sector | Patrol | Incident | Mark;

export function isShown(paper: { kind: string }): boolean {
  return paper.kind in ENDS;
}

export function versionOf(paper: Paper): number {
  return paper.version ?? 1;
}

/** Whether it came as it ended: nothing more is expected of it. */
export function isOver(paper: Paper): boolean {
  if (paper.kind === "sector") return paper.retired_at != null;
  return ENDS[paper.kind].includes(paper.state ?? "");
}
