/** What the server says of sectors (maps/api/planning/sectors.py). Fields that are absent have their default. */

import type { SectorUse } from "./papers.ts";

export const USES: readonly SectorUse[] = ["patrol", "no_go", "rendezvous", "fishing_ban", "restricted", "reach"];

export type Whose = "all" | "units" | "others";
export const WHOSE: readonly Whose[] = ["all", "units", "others"];

export interface Stretch {
  river: string;
  /** Kilometres from the river's mouth. */
  km_from: number;
  km_to: number;
  /** In all, half of it on either side of the centreline, metres. */
  width_m: number;
}

/**
 * As the server keeps them (maps/api/planning/sectors.py): seconds, metres and metres per second; what is absent is not
 * asked.
 */
export interface Limits {
  whose?: Whose;
  loitering_s?: number | null;
  loitering_within_m?: number;
  meeting_s?: number | null;
  meeting_within_m?: number;
  stay_s?: number | null;
  speed_mps?: number | null;
}

/** As the server tells it (patrol/sector_checks/detection.py). */
export interface Detection {
  detected: "inside" | "after" | "maybe" | "vague";
  units: number;
  shortest_s: number;
  longest_s: number;
  accuracy_m: number;
}

export interface Transit {
  length_m: number;
  across: boolean;
  speed_mps: number;
  detections?: Detection[];
  too_seldom?: number;
}

/** One version of a sector: a polygon or a stretch of a river. */
export interface SectorPaper {
  id: string;
  agency: string;
  at: string;
  by?: string;
  version?: number;
  name: string;
  use?: SectorUse;
  polygon?: [number, number][][] | null;
  river?: string | null;
  km_from?: number | null;
  km_to?: number | null;
  width_m?: number | null;
  limits?: Limits | null;
  note?: string;
  retired_at?: string | null;
}

export interface Along {
  river: string;
  km_from: number;
  km_to: number;
  length_km: number;
}

/** How an area lies on the ground. */
export interface Lie {
  outline?: GeoJSON.Polygon | GeoJSON.MultiPolygon;
  area_km2?: number;
  along?: Along[];
  /** Countries it surely reaches into, and how far from the border line. */
  countries?: Record<string, { lon: number; lat: number; border_m: number }>;
}

export interface SectorDetails extends Lie {
  sector: SectorPaper;
}

export interface PastVersion {
  sector: SectorPaper;
  reason?: string;
  outline?: GeoJSON.Polygon | GeoJSON.MultiPolygon;
  area_km2?: number;
}

export interface Fault {
  code: string;
  message: string;
  part?: number;
  /** 0 the outer ring, from 1 holes. */
  ring?: number | null;
  vertex?: number | null;
  /** Of two sides that cross: `vertex` begins the one, this the other; `lon` and `lat` are where they cross. */
  crosses?: number | null;
  lon?: number | null;
  lat?: number | null;
  only_warns?: boolean;
}

/** A sector in the way of a shape: nobody patrols there. */
export interface Overlap {
  message: string;
  sector: string;
  name: string;
  use: SectorUse;
  agency: string;
  lon: number;
  lat: number;
  place: string;
}

export interface Checked extends Lie {
  faults: Fault[];
  /** They keep nobody from saving it. */
  overlaps?: Overlap[];
  /** What is told of boats that pass through it; absent where nobody is told of any. */
  transit?: Transit;
  usable: boolean;
  suggestion?: { polygon?: GeoJSON.Polygon | GeoJSON.MultiPolygon; stretch?: Stretch };
}

export function stretchOf(paper: SectorPaper): Stretch | null {
  if (!paper.river) return null;
  return { river: paper.river, km_from: paper.km_from ?? 0, km_to: paper.km_to ?? 0, width_m: paper.width_m ?? 0 };
}

export function versionNumber(paper: SectorPaper): number {
  return paper.version ?? 1;
}
