/** The small map's geometry: a window on the ground, flat about its middle. Pure. */

export interface MapView {
  lon: number;
  lat: number;
  metresPerPixel: number;
}

export interface Size {
  width: number;
  height: number;
}

const M_PER_DEGREE = 111_195; // of latitude, on a sphere of 6371 km
export const NEAREST = 0.25; // metres a pixel
export const FARTHEST = 400;

/** Where a place is on the canvas, CSS pixels. Right to 0.1 % within 50 km of the middle. */
export function pixel(view: MapView, size: Size, lon: number, lat: number): [x: number, y: number] {
  const east = (lon - view.lon) * M_PER_DEGREE * Math.cos((view.lat * Math.PI) / 180);
  const north = (lat - view.lat) * M_PER_DEGREE;
  return [size.width / 2 + east / view.metresPerPixel, size.height / 2 - north / view.metresPerPixel];
}

/** The view moved by so many pixels of the finger. */
export function moved(view: MapView, dx: number, dy: number): MapView {
  const metres = view.metresPerPixel;
  const lon = view.lon - (dx * metres) / (M_PER_DEGREE * Math.cos((view.lat * Math.PI) / 180));
  return { ...view, lon, lat: view.lat + (dy * metres) / M_PER_DEGREE };
}

/** Nearer with a factor below 1, farther above it. */
export function zoomed(view: MapView, factor: number): MapView {
  return { ...view, metresPerPixel: Math.min(FARTHEST, Math.max(NEAREST, view.metresPerPixel * factor)) };
}

/** The view that shows all of these, with a margin. */
export function fitted(points: readonly GeoJSON.Position[], size: Size): MapView | null {
  if (points.length === 0) return null;
  let [west, south, east, north] = [180, 90, -180, -90];
  for (const [lon = 0, lat = 0] of points) {
    [west, east] = [Math.min(west, lon), Math.max(east, lon)];
    [south, north] = [Math.min(south, lat), Math.max(north, lat)];
  }
  const lat = (south + north) / 2;
  const wide = (east - west) * M_PER_DEGREE * Math.cos((lat * Math.PI) / 180);
  const metresPerPixel = Math.max(wide / (size.width * 0.8), ((north - south) * M_PER_DEGREE) / (size.height * 0.8));
  return zoomed({ lon: (west + east) / 2, lat, metresPerPixel: Math.max(metresPerPixel, 2) }, 1);
}

/** Whether a place is within rings of [lon, lat], holes left out. */
export function within(rings: readonly (readonly GeoJSON.Position[])[], lon: number, lat: number): boolean {
  let found = false;
  for (const ring of rings) {
    ring.forEach(([x1 = 0, y1 = 0], i) => {
      const [x2 = 0, y2 = 0] = ring[(i + 1) % ring.length] ?? [];
      if (y1 > lat !== y2 > lat && lon < x1 + ((lat - y1) * (x2 - x1)) / (y2 - y1)) found = !found;
    });
  }
  return found;
}

/** Metres to the nearest edge of the rings. */
export function metresToEdge(rings: readonly (readonly GeoJSON.Position[])[], lon: number, lat: number): number {
  const across = M_PER_DEGREE * Math.cos((lat * Math.PI) / 180);
  let best = Number.POSITIVE_INFINITY;
  for (const ring of rings) {
    for (let i = 0; i + 1 < ring.length; i++) {
      const [a, b] = [ring[i] ?? [0, 0], ring[i + 1] ?? [0, 0]];
      const [ax, ay] = [((a[0] ?? 0) - lon) * across, ((a[1] ?? 0) - lat) * M_PER_DEGREE];
      const [dx, dy] = [((b[0] ?? 0) - lon) * across - ax, ((b[1] ?? 0) - lat) * M_PER_DEGREE - ay];
      const length = dx * dx + dy * dy;
      const share = length === 0 ? 0 : Math.min(1, Math.max(0, -(ax * dx + ay * dy) / length));
      best = Math.min(best, Math.hypot(ax + share * dx, ay + share * dy));
    }
  }
  return best;
}

/** A round length for the scale bar: the longest of 1, 2, 5 × 10ⁿ metres that fits in so many pixels. */
export function scaleMetres(view: MapView, pixels: number): number {
  const most = view.metresPerPixel * pixels;
  const power = 10 ** Math.floor(Math.log10(most));
  return [5, 2, 1].map((each) => each * power).find((each) => each <= most) ?? power;
}
