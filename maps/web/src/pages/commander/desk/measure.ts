/** Measuring on the map: points that somebody pressed or typed, how far it is between them, and along the river. */
import { computed, signal } from "@preact/signals";
import { coordinateFormat } from "../../../browser/preferences.ts";
import { kmFigure } from "../../../geo/address.ts";
import { coordinateWords } from "../../../geo/coordinates.ts";
import { type Leg, leg } from "../../../geo/geodesy.ts";
import { addressOf } from "../../../geo/place-addresses.ts";
import { metresWords } from "../../../geo/place-words.ts";
import { MEKONG } from "../../../geo/river-course.ts";
import { everyone } from "../../../live/signals.ts";
import type { Address } from "../../../wire/units.ts";
import { t } from "../../../words/index.ts";
import { selected } from "./selection.ts";

interface Place {
  lon: number;
  lat: number;
}

export interface MeasurePoint extends Place {
  /** A unit or a place that was named; absent for a press on the map. */
  name?: string;
}

/** Points in their order; null while nobody measures. */
export const measuring = signal<readonly MeasurePoint[] | null>(null);

/** Begins, at the selected unit if there is one; or ends. */
export function turnMeasuring(): void {
  if (measuring.peek() !== null) measuring.value = null;
  else {
    const unit = selected.peek();
    measuring.value = unit?.last ? [{ lon: unit.last.lon, lat: unit.last.lat, name: unit.call_sign }] : [];
  }
}

export function addPoint(point: MeasurePoint): void {
  measuring.value = [...(measuring.peek() ?? []), point];
}

/** Presses as near each other as this are one, pixels: the second of a double click measures nothing. */
const SAME_PX = 3;

/**
 * A press on the map: on a unit it means where the unit is. `apartPx` tells how far two places are apart on the screen.
 */
export function addPressed(unit: string | null, place: Place, apartPx: (one: Place, other: Place) => number): void {
  const found = unit === null ? undefined : everyone.peek()?.find((each) => each.id === unit);
  const point: MeasurePoint = found?.last ? { lon: found.last.lon, lat: found.last.lat, name: found.call_sign } : place;
  const last = measuring.peek()?.at(-1);
  if (last === undefined || apartPx(last, point) > SAME_PX) addPoint(point);
}

export function takeLastPoint(): void {
  measuring.value = (measuring.peek() ?? []).slice(0, -1);
}

export interface Measured {
  legs: Leg[];
  /** Metres of all legs together. */
  metres: number;
  /** Along one river from the first to the last point; null where they are not on one. */
  river: { name: string; from: number; to: number; km: number; errorKm: number } | null;
}

export const measured = computed<Measured>(() => {
  const points = measuring.value ?? [];
  const legs = points.slice(1).map((point, i) => leg(pair(points[i] as MeasurePoint), pair(point)));
  return {
    legs,
    metres: legs.reduce((sum, each) => sum + each.metres, 0),
    river: points.length < 2 ? null : alongRiver(addresses(points)),
  };
});

/** The river that both ends are on, and how far apart they are along it. Pure. */
export function alongRiver([first, last]: readonly [Address | null, Address | null]): Measured["river"] {
  if (first?.river === undefined || first.river !== last?.river || first.km === undefined || last.km === undefined)
    return null;
  const km = Math.abs(first.km - last.km);
  const share = Math.max(first.km_error_share ?? 0, last.km_error_share ?? 0);
  return { name: first.river, from: first.km, to: last.km, km, errorKm: km * share };
}

function addresses(points: readonly MeasurePoint[]): [Address | null, Address | null] {
  const [first, last] = [points[0] as MeasurePoint, points.at(-1) as MeasurePoint];
  return [addressOf(first.lon, first.lat), addressOf(last.lon, last.lat)];
}

function pair(point: MeasurePoint): [number, number] {
  return [point.lon, point.lat];
}

export function pointWords(point: MeasurePoint): string {
  return point.name ?? coordinateWords(point.lon, point.lat, coordinateFormat.value);
}

/** `km 2 356.4 on the river`: what is said of one end. */
export function riverKmWords(name: string, km: number): string {
  return name === MEKONG ? t("river.km", { km: kmFigure(km) }) : t("river.other", { name, km: kmFigure(km) });
}

/** The line, and at each point how far it is from the first. */
export const measuredOnMap = computed<GeoJSON.FeatureCollection>(() => {
  const points = measuring.value ?? [];
  let along = 0;
  const features: GeoJSON.Feature[] = points.map((point, i) => {
    along += i === 0 ? 0 : (measured.value.legs[i - 1]?.metres ?? 0);
    return {
      type: "Feature",
      properties: { label: i === 0 ? "" : metresWords(along) },
      geometry: { type: "Point", coordinates: pair(point) },
    };
  });
  if (points.length > 1)
    features.push({ type: "Feature", properties: {}, geometry: { type: "LineString", coordinates: points.map(pair) } });
  return { type: "FeatureCollection", features };
});
