/** What a phone reports, as `POST /api/crew/reports` takes it; and which of it goes first. */
import type { Lane } from "./database.ts";

export interface Place {
  lon: number;
  lat: number;
  accuracy_m?: number;
  speed_mps?: number;
  course_deg?: number;
  altitude_m?: number;
  battery_pct?: number;
}

interface ReportHead {
  id: string;
  /** Aware ISO time: the phone's, put right by what it knows of the server's. */
  at: string;
}

export type Report = ReportHead &
  (
    | ({ kind: "position" } & Place)
    | ({ kind: "sos"; text?: string } & Partial<Place>)
    | { kind: "sos_cancel"; text?: string }
    | { kind: "check_in"; patrol: string }
    | { kind: "patrol_start" | "patrol_end"; patrol: string; note?: string }
    | { kind: "text"; text: string }
    | { kind: "text"; phrase: string }
    | { kind: "text_read"; text_id: string }
    | ({ kind: "incident" } & Incident)
    | ({ kind: "sighting" } & Sighting)
  );
export type Kind = Report["kind"];

export const CATEGORIES = [
  "drugs",
  "precursors",
  "human_trafficking",
  "migrant_smuggling",
  "timber",
  "wildlife",
  "hazardous_waste",
  "ozone_depleting",
  "other",
] as const;
export type Category = (typeof CATEGORIES)[number];

/** Units in which what is seized in a category is told; `UNITS_OF` of the server. */
export const UNITS_OF: Readonly<Record<Category, readonly string[]>> = {
  drugs: ["tablets", "kg", "g", "bottles", "ampoules", "litres", "ml", "plants", "units"],
  precursors: ["kg", "tonnes", "litres", "drums", "bottles", "tablets", "units"],
  human_trafficking: ["units"],
  migrant_smuggling: ["units"],
  timber: ["logs", "m3", "kg", "tonnes", "units"],
  wildlife: ["animals", "pieces", "kg", "g", "units"],
  hazardous_waste: ["drums", "kg", "tonnes", "litres", "units"],
  ozone_depleting: ["cylinders", "kg", "tonnes", "units"],
  other: ["units", "kg", "g", "tonnes", "litres", "pieces"],
};

export interface Incident {
  category: Category;
  when: string;
  narrative?: string;
  lon?: number;
  lat?: number;
  patrol?: string;
  seizures?: { what: string; amount: number; unit: string }[];
  arrested?: { count: number }[];
  people_found?: number;
  /** Ids that the phone made; each photo is sent by itself. */
  photos?: string[];
}

export const TARGET_KINDS = ["vessel", "person", "vehicle"] as const;
export type TargetKind = (typeof TARGET_KINDS)[number];

export interface Sighting {
  /** A known target; without it a new one is opened, which needs `what` and `name`. */
  target?: string;
  what?: TargetKind;
  name?: string;
  patrol?: string;
  sighting: Omit<Place, "altitude_m" | "battery_pct"> & { at: string; note?: string };
}

/**
 * The order of sending: an SOS before all, then what somebody waits for, documents, positions; last what has photos, after
 * these.
 */
export type Rank = 0 | 1 | 2 | 3 | 4;
export const RANKS: readonly Rank[] = [0, 1, 2, 3, 4];

const RANK_OF: Readonly<Record<Kind, Rank>> = {
  sos: 0,
  sos_cancel: 0,
  text: 1,
  check_in: 1,
  patrol_start: 1,
  patrol_end: 1,
  sighting: 1,
  incident: 2,
  text_read: 2,
  position: 3,
};

export function rankOf(report: Report): Rank {
  return report.kind === "incident" && (report.photos?.length ?? 0) > 0 ? 4 : RANK_OF[report.kind];
}

export function laneOf(rank: Rank): Lane {
  return rank <= 1 ? "urgent" : "routine";
}

/** Whether the reporting key is good for it: positions and calls for help, nothing else. */
export function byReportingKey(rank: Rank): boolean {
  return rank === 0 || rank === 3;
}
