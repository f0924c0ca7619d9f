/** What the server says: the live stream (patrol/units/wire.py) and the answers of the REST interface. */
import type { Paper } from "./papers.ts";

export type UnitKind = "boat" | "vehicle" | "foot" | "handheld" | "fixed";
export type Liveness = "live" | "late" | "lost" | "never" | "cut";
export type Role = "commander" | "planner" | "crew" | "liaison" | "technician" | "admin" | "observer";

/** Where a position is, as people say it on the river (gis/address/address.py). Absent: not known, or not so. */
export interface Address {
  river?: string;
  km?: number;
  bank?: "left" | "right" | "mid";
  offset_m?: number;
  error_m?: number;
  km_error_share?: number;
  reach?: string;
  golden_triangle_km?: number;
  also?: readonly string[];
  country?: string;
  neighbour?: string;
  border_m?: number;
  border_error_m?: number;
  side_sure?: boolean;
}

/** One position that joined the picture. Fields that are absent were not said. */
export interface Fix {
  of: string;
  lon: number;
  lat: number;
  time: string;
  /** Absent means true: it moves the marker. False only joins the track. */
  live?: boolean;
  speed_mps?: number;
  course_deg?: number;
  heading_deg?: number;
  accuracy_m?: number;
  altitude_m?: number;
  river_km?: number;
  bank?: "left" | "right" | "mid";
  /** On the newest position of a sender. */
  place?: Address;
  flags?: string[];
  /** Counts where no accuracy is told; absent: `ASSUMED_ACCURACY_M` (unit-feature.ts). */
  typical_accuracy_m?: number;
}

/** What is known of a unit, or of a radio that nobody has registered (`known` false). */
export interface UnitState {
  id: string;
  call_sign: string;
  agency: string;
  kind?: UnitKind | null;
  country?: string | null;
  known?: boolean;
  /** Somebody of the agency who reports and speaks for no unit; `call_sign` is the user's name. */
  person?: boolean;
  liveness?: Liveness;
  /** Dead links that explain `cut`; absent once one of them is back and the next report is awaited. */
  cut_by?: string[];
  expected_interval_s?: number | null;
  last?: Fix | null;
  heard_at?: string | null;
  addresses?: string[];
  distress?: boolean;
  by_voice?: boolean;
  status?: string | null;
  text?: string | null;
  /** When that was said; absent for words that are no message to the office. */
  text_at?: string | null;
  /** Code of the canned phrase that the text is: its words are `phrase.CODE`. */
  phrase?: string | null;
  flags?: string[];
}

export type LinkState = "opening" | "open" | "silent" | "down" | "stopped";

/** How one channel fares; counters run from the start of the process. */
export interface ChannelHealth {
  name: string;
  url: string;
  protocols: string[];
  state: LinkState;
  since: string;
  fault: string | null;
  last_heard_at: string | null;
  expected_interval_s: number | null;
  bytes_read: number;
  frames: number;
  transmissions: number;
  junk_bytes: number;
  shed: number;
  reconnects: number;
  errors: Record<string, number>;
  /** Why what is read is not kept in the journal. */
  journal_fault?: string | null;
  /** Reads that the journal does not hold. */
  journal_missed?: number;
  /** For the way from a remote gateway: how it fares itself. */
  gateway?: GatewayHealth | null;
  /** Why a computer's times are doubtful, for the one whose clock it is. */
  clock?: ClockDoubt | null;
  /** Of the transmissions, those not yet stored. */
  inbox?: number;
}

/** Why the times of a computer are doubtful: its clock was set, or radios or this office tell another time. */
export interface ClockDoubt {
  kind: "set" | "differs" | "gateway";
  /** Seconds that it was set ahead, or that others are ahead of it; negative for back or behind. */
  by_s: number;
  at: string;
  /** Whether the time that it was set to is used. */
  followed?: boolean;
  radios?: number;
}

/** A gateway on another computer, as it last told. */
export interface GatewayHealth {
  gateway: string;
  told_at: string;
  uplink: LinkState;
  uplink_fault?: string | null;
  waiting: number;
  oldest_waiting_at: string | null;
  sent: number;
  receipted: number;
  dropped: Record<string, number>;
  refused: number;
  /** Damaged spool files that lie there for the technician. */
  damaged?: number;
  spool_fault: string | null;
  /** Received there and not yet on its disk. */
  inbox?: number;
}

/** A second sender uses a radio address. */
export interface Claim {
  address: string;
  channel: string;
  agency: string;
  since: string;
  unit?: string;
  bound?: string;
  distance_m?: number;
  ended?: boolean;
}

export interface Snapshot {
  type: "snapshot";
  stream: string;
  seq: number;
  time: string;
  /** Which build of the pages the server has; absent or empty where it has none. */
  build?: string;
  units: UnitState[];
  channels?: ChannelHealth[];
  claims?: Claim[];
  papers?: Paper[];
}

/** Several things of one kind: the names of the fields that differ, then a row for each; null is as good as absent. */
export interface Table {
  rows: [string[], ...unknown[][]];
  /** Fields that are the same for all. */
  same?: Record<string, unknown>;
}

/**
 * Positions: fields of `Fix`, but `time` is seconds since the second of the change's own, and `places` has the
 * addresses of some.
 */
export interface FixTable extends Table {
  /** `nth` is the number of the position that each belongs to, from 0. */
  places?: Table;
}

export interface Change {
  type: "change";
  seq: number;
  time: string;
  fixes?: Fix[];
  /** Positions of senders of which several joined at once; live.ts puts them among the others. */
  tables?: FixTable[];
  units?: UnitState[];
  forget?: string[];
  channels?: ChannelHealth[];
  claims?: Claim[];
  papers?: Paper[];
}

export interface Beat {
  type: "beat";
  seq: number;
  time: string;
}

export type LiveFrame = Snapshot | Change | Beat;

export interface Session {
  user: string;
  role: Role;
  agency: { id: string; name: string; country: string | null };
  /** `second_person`: who told of an incident does not confirm it. */
  node: { id: string; name: string; time_zone: string; second_person?: boolean };
  permissions: string[];
  /** Chosen by the person; null until one is. */
  language: string | null;
  calendar: "gregorian" | "buddhist";
}

export interface AgencyInfo {
  id: string;
  name: string;
  country: string | null;
}

export interface LayerInfo {
  name: string;
  title: string;
  source?: string;
  licence?: string;
  error_m?: number | null;
  attribution?: string | null;
}

/** The site's own detailed background (maps/layers/basemap.py). */
export interface BasemapInfo {
  title: string;
  kind: "vector" | "raster";
  schema: "protomaps" | "openmaptiles" | "unknown";
  min_zoom: number;
  max_zoom: number;
  bounds: readonly [number, number, number, number];
  attribution: string;
  layers: string[];
  version: string;
}

/** What is in a file that somebody brought (gis/files/preview.py). */
export interface Preview {
  layers: {
    name: string;
    features: number;
    /** `repair` is the feature mended, where that is no guess; `is_left_out` is false where only a part is wrong. */
    faults: { feature: number; fault: string; is_left_out?: boolean; repair?: GeoJSON.Feature }[];
    bounds: [number, number, number, number] | null;
    collection: GeoJSON.FeatureCollection;
  }[];
}

/** A token for programs that only read. */
export interface ReadingToken {
  user: string;
  token: string;
  expires_at: string;
}

export interface TrackProperties {
  id: string;
  times: string[];
  flags?: string[][];
}

export type TrackCollection = GeoJSON.FeatureCollection<GeoJSON.LineString | null, TrackProperties>;
export type TrackFeature = GeoJSON.Feature<GeoJSON.LineString | null, TrackProperties>;

export interface HeardAt {
  channel: string;
  gateway: string;
  heard_at: string;
  rssi_dbm?: number;
  snr_db?: number;
}

/** One thing a radio said, as the list of an unknown radio shows it. */
export interface HeardMessage {
  heard_at: string;
  heard_by?: HeardAt[];
  best?: HeardAt;
  hex?: string;
  raw?: string;
  kind: string;
  channel?: string;
  protocol?: string;
  text?: string | null;
  status?: string | null;
  lon?: number | null;
  lat?: number | null;
  flags?: string[];
}

export interface RejectedFrame {
  channel: string;
  heard_at: string;
  reason: string;
  detail: string;
  hex?: string;
  text?: string;
  topic?: string | null;
  source?: string | null;
}

/** Why a radio is not on the map: where it stops on its way there. */
export interface Why {
  asked: string;
  verdict: string;
  says: string;
  next: string;
  address?: string;
  hops?: { name: string; well: boolean | null; says: string }[];
  unit?: string;
  close?: { address: string; name?: string }[];
  last?: HeardMessage;
  rejected?: RejectedFrame[];
  /** Moments that stand in the sentences, as they stand there and as data. */
  moments?: { said: string; at: string }[];
}

export interface UnitRecord {
  id: string;
  call_sign: string;
  kind: UnitKind;
  agency: string;
  country: string | null;
  expected_interval_s: number;
  note?: string;
  retired_at?: string | null;
}

export type MessageKind = "distress" | "alert" | "poll" | "text" | "mark";
export type MessageState =
  | "queued"
  | "sent"
  | "acknowledged"
  | "delivered"
  | "read"
  | "failed"
  | "expired"
  | "refused"
  | "cancelled";

export interface MessageStep {
  state: MessageState;
  at: string;
  /** Short fixed word for what is in the way; `detail` says the same for people. */
  why?: string;
  detail?: string;
  attempts?: number;
}

/** Something to say to a radio, and what became of it. */
export interface RadioMessage {
  id: string;
  kind: MessageKind;
  channel: string;
  operator: string;
  created_at: string;
  expires_at: string;
  /** Absent means queued. */
  state?: MessageState;
  unit?: string | null;
  address?: string | null;
  text?: string;
  reason?: string;
  final?: boolean;
  history?: MessageStep[];
}

/** One way to a radio, and the kinds of message it takes or why not. */
export interface Route {
  address: string;
  channel: string;
  heard_at: string;
  takes?: MessageKind[];
  refuses?: Partial<Record<MessageKind, { reason: string; detail: string }>>;
}

export interface Problem {
  error: string;
  message: string;
  field?: string;
  /** Which of the faults with words in every language it is: `fault.CODE`. */
  code?: string;
  /** What goes into the places of those words. */
  values?: Record<string, string>;
}
