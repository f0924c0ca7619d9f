/** Too many units to draw one by one: those that lie close together become one mark with their number. Pure. */
import type { UnitState } from "../wire/units.ts";
import { type MarkState, markState, sideCode } from "./marks.ts";

/** More than so many in view are gathered; */
export const GATHER_FROM = 2000;
/** and drawn one by one again below this, so that the map does not flicker between both. */
const APART_BELOW = 1800;
/** Side of the square whose units become one mark, CSS pixels. */
const CELL_PX = 84;
/** Width of the world at zoom 0, CSS pixels. */
const WORLD_PX = 512;

/** West, south, east, north, degrees. */
export type Box = readonly [number, number, number, number];

export interface Cluster {
  id: string;
  lon: number;
  lat: number;
  count: number;
  /** The worst state of its units: lost before late before live. */
  state: MarkState;
  /** Letters of its sides, the most frequent first. */
  sides: string[];
}

export interface Crowd {
  clusters: Cluster[];
  /** Ids of units that are drawn one by one. */
  apart: Set<string>;
}

const WORSE: Record<MarkState, number> = { live: 0, late: 1, lost: 2 };

export function within(box: Box, lon: number, lat: number): boolean {
  return lon >= box[0] && lon <= box[2] && lat >= box[1] && lat <= box[3];
}

/** `by` times its own size wider at each edge. */
export function widened([west, south, east, north]: Box, by: number): Box {
  const [dx, dy] = [(east - west) * by, (north - south) * by];
  return [west - dx, south - dy, east + dx, north + dy];
}

/** Whether the units in view are too many, given that they were before. */
export function isCrowded(inView: number, before: boolean): boolean {
  return inView > (before ? APART_BELOW : GATHER_FROM);
}

export function countWithin(units: Iterable<UnitState>, box: Box): number {
  let n = 0;
  for (const { last } of units) if (last && within(box, last.lon, last.lat)) n += 1;
  return n;
}

/**
 * Gathers the units of `box` at a zoom. @param alone says which stay by themselves: calls for help, the selected one.
 */
export function gather(units: Iterable<UnitState>, box: Box, zoom: number, alone: (unit: UnitState) => boolean): Crowd {
  const scale = (WORLD_PX * 2 ** zoom) / CELL_PX;
  const cells = new Map<string, UnitState[]>();
  const singles = new Set<string>();
  for (const unit of units) {
    if (!unit.last) continue;
    if (alone(unit)) singles.add(unit.id);
    else if (within(box, unit.last.lon, unit.last.lat)) {
      const key = `${Math.floor(((unit.last.lon + 180) / 360) * scale)} ${Math.floor(mercator(unit.last.lat) * scale)}`;
      const cell = cells.get(key);
      if (cell === undefined) cells.set(key, [unit]);
      else cell.push(unit);
    }
  }
  const clusters: Cluster[] = [];
  for (const [key, members] of cells) {
    if (members.length > 1) clusters.push(clusterOf(key, members));
    else for (const unit of members) singles.add(unit.id);
  }
  return { clusters, apart: singles };
}

function clusterOf(id: string, members: readonly UnitState[]): Cluster {
  let [lon, lat, state] = [0, 0, "live" as MarkState];
  const sides = new Map<string, number>();
  for (const unit of members) {
    lon += unit.last?.lon ?? 0;
    lat += unit.last?.lat ?? 0;
    const is = markState(unit.liveness);
    if (WORSE[is] > WORSE[state]) state = is;
    const side = sideCode(unit.country);
    sides.set(side, (sides.get(side) ?? 0) + 1);
  }
  const n = members.length;
  return {
    id,
    lon: lon / n,
    lat: lat / n,
    count: n,
    state,
    sides: [...sides].sort((a, b) => b[1] - a[1]).map(([side]) => side),
  };
}

/** Northing as a share of the square map, from 0 at its top. */
function mercator(lat: number): number {
  const s = Math.sin((Math.max(-85, Math.min(85, lat)) * Math.PI) / 180);
  return 0.5 - Math.log((1 + s) / (1 - s)) / (4 * Math.PI);
}
