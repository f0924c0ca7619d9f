/** Where the kilometres of a river lie: the centrelines of the reference layers, by river. Pure. */
import { collectionOf, geometryOf } from "../wire/geojson.ts";
import { figure, object, optional, text, type ValueOf } from "../wire/parser.ts";
import { leg } from "./geodesy.ts";

type Point = [lon: number, lat: number];
interface Mark {
  km: number;
  at: Point;
}

/** What the layers `mekong` and `centrelines` tell of a reach; a Mekong reach names no river. */
export const ReachProperties = object({
  river: optional(text),
  reach: optional(text),
  km_start: figure,
  km_end: figure,
});
export type ReachProperties = ValueOf<typeof ReachProperties>;

/** A layer of reaches. */
export const Reaches = collectionOf(geometryOf("LineString"), ReachProperties);
export type Reach = ValueOf<typeof Reaches>["features"][number];

export const MEKONG = "Mekong";

/** Rivers by name, each as its points with their kilometres, in the order of the kilometres. */
export class RiverCourses {
  readonly #rivers = new Map<string, Mark[]>();

  constructor(reaches: readonly Reach[]) {
    for (const { properties, geometry } of reaches) {
      const name = properties.river ?? MEKONG;
      const known = this.#rivers.get(name) ?? [];
      known.push(...marks(geometry.coordinates as Point[], properties.km_start, properties.km_end));
      this.#rivers.set(name, known);
    }
    for (const known of this.#rivers.values()) known.sort((a, b) => a.km - b.km);
  }

  get names(): string[] {
    return [...this.#rivers.keys()];
  }

  /** First and last kilometre; null for a river that is not known. */
  range(river: string): [number, number] | null {
    const known = this.#rivers.get(river);
    const [first, last] = [known?.[0], known?.at(-1)];
    return first === undefined || last === undefined ? null : [first.km, last.km];
  }

  /** The place of a kilometre, degrees; null where the river has none such. */
  at(river: string, km: number): Point | null {
    const known = this.#rivers.get(river);
    const range = this.range(river);
    if (known === undefined || range === null || km < range[0] || km > range[1]) return null;
    const next = Math.max(1, firstFrom(known, km));
    const [a, b] = [known[next - 1] as Mark, known[Math.min(next, known.length - 1)] as Mark];
    const share = b.km === a.km ? 0 : (km - a.km) / (b.km - a.km);
    return [a.at[0] + (b.at[0] - a.at[0]) * share, a.at[1] + (b.at[1] - a.at[1]) * share];
  }

  /** The line of the river between two kilometres, as far as it reaches; empty where it has none of them. */
  stretch(river: string, from: number, to: number): Point[] {
    const range = this.range(river);
    if (range === null) return [];
    const [low, high] = [Math.max(range[0], Math.min(from, to)), Math.min(range[1], Math.max(from, to))];
    if (low > high) return [];
    const between = (this.#rivers.get(river) ?? [])
      .filter((each) => each.km > low && each.km < high)
      .map((each) => each.at);
    return [this.at(river, low), ...between, this.at(river, high)].filter((each) => each !== null);
  }
}

/** Kilometres grow with the length along the line, as `gis/river/centreline_repair.py` counts them. */
function marks(line: Point[], kmStart: number, kmEnd: number): Mark[] {
  let along = 0;
  const lengths = line.map((at, i) => {
    const before = line[i - 1];
    if (before !== undefined) along += leg(before, at).metres;
    return along;
  });
  return line.map((at, i) => ({ km: kmStart + ((kmEnd - kmStart) * (lengths[i] ?? 0)) / (along || 1), at }));
}

/** Index of the first mark at or beyond `km`. */
function firstFrom(known: readonly Mark[], km: number): number {
  let [low, high] = [0, known.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((known[middle] as Mark).km < km) low = middle + 1;
    else high = middle;
  }
  return low;
}
