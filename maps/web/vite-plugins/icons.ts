/** Draws the PNG icons that phones put on their screen, from the one drawing in `public/icon.svg`. */
import { readFileSync } from "node:fs";
import { crc32, deflateSync } from "node:zlib";
import type { Plugin } from "vite";

type Point = readonly [x: number, y: number];
type Colour = readonly [r: number, g: number, b: number];

const VIEW = 32;
const FINE = 4; // lines a pixel

/**
 * Name, side in pixels, and whether the system cuts it to a shape of its own: then the ground fills it and the drawing
 * keeps to the middle.
 */
const ICONS = [
  ["icon-192.png", 192, false],
  ["icon-512.png", 512, false],
  ["icon-maskable-512.png", 512, true],
] as const;

export function icons(): Plugin {
  return {
    name: "icons",
    apply: "build",
    generateBundle() {
      const svg = readFileSync(new URL("../public/icon.svg", import.meta.url), "utf8");
      for (const [fileName, side, whole] of ICONS)
        this.emitFile({ type: "asset", fileName, source: draw(svg, side, whole) });
    },
  };
}

/** The drawing is one rectangle with round corners and one path of M, C, c and h. */
export function draw(svg: string, side: number, whole: boolean): Uint8Array {
  const ground = /<rect [^>]*rx="([\d.]+)" fill="(#\w+)"/.exec(svg);
  const figure = /<path d="([^"]+)" fill="(#\w+)"/.exec(svg);
  if (ground === null || figure === null) throw new Error("icon.svg is drawn otherwise than this reads");
  const outline = flat(figure[1] ?? "");
  const [radius, back, front] = [Number(ground[1]), colour(ground[2] ?? ""), colour(figure[2] ?? "")];
  const rows = Buffer.alloc(side * (1 + side * 4));
  // How much of each pixel of a row is ground and figure: exact across, in steps of a quarter down.
  const [onGround, onFigure] = [new Float64Array(side), new Float64Array(side)];
  for (let row = 0; row < side * FINE; row++) {
    const y = ((row + 0.5) * VIEW) / (side * FINE);
    // What the system may cut off stays empty: the drawing keeps to the middle four fifths.
    const shrunk = whole ? 0.8 : 1;
    const crossed = crossings((y - VIEW / 2) / shrunk + VIEW / 2, outline)
      .sort((a, b) => a - b)
      .map((x) => (x - VIEW / 2) * shrunk + VIEW / 2);
    cover(onGround, ...(whole ? ([0, VIEW] as const) : rounded(y, radius)));
    for (let i = 0; i + 1 < crossed.length; i += 2) cover(onFigure, crossed[i] ?? 0, crossed[i + 1] ?? 0);
    if (row % FINE < FINE - 1) continue;
    const start = Math.floor(row / FINE) * (1 + side * 4) + 1;
    for (let pixel = 0; pixel < side; pixel++) {
      const share = (onFigure[pixel] ?? 0) / Math.max(0.01, onGround[pixel] ?? 0);
      for (let i = 0; i < 3; i++)
        rows[start + pixel * 4 + i] = Math.round(
          (back[i] ?? 0) + ((front[i] ?? 0) - (back[i] ?? 0)) * Math.min(1, share),
        );
      rows[start + pixel * 4 + 3] = Math.round(((onGround[pixel] ?? 0) * 255) / FINE);
    }
    onGround.fill(0);
    onFigure.fill(0);
  }
  return png(side, rows);
}

/** Adds to each pixel of a row what of it lies between two places of the drawing. */
function cover(row: Float64Array, from: number, to: number): void {
  const [a, b] = [(from * row.length) / VIEW, (to * row.length) / VIEW];
  for (let pixel = Math.max(0, Math.floor(a)); pixel < Math.min(row.length, b); pixel++) {
    row[pixel] = (row[pixel] ?? 0) + Math.max(0, Math.min(b, pixel + 1) - Math.max(a, pixel));
  }
}

function colour(hex: string): Colour {
  const n = Number.parseInt(hex.slice(1), 16);
  return [n >> 16, (n >> 8) & 255, n & 255];
}

/** The path's outline as a polygon. */
function flat(path: string): Point[] {
  const words = path.match(/[a-zA-Z]|-?\d*\.?\d+/g) ?? [];
  const points: Point[] = [];
  let [x, y, act, i] = [0, 0, "", 0];
  const next = (): number => Number(words[i++]);
  while (i < words.length) {
    if (/[a-zA-Z]/.test(words[i] ?? "")) act = words[i++] ?? "";
    if (act === "z" || act === "Z") continue;
    if (act === "M") [x, y] = [next(), next()];
    else if (act === "h") x += next();
    else if (act === "c" || act === "C") {
      const [ox, oy] = act === "c" ? [x, y] : [0, 0];
      const from: Point = [x, y];
      const [a, b, c]: [Point, Point, Point] = [
        [ox + next(), oy + next()],
        [ox + next(), oy + next()],
        [ox + next(), oy + next()],
      ];
      for (let k = 1; k <= 24; k++) points.push(bezier(from, a, b, c, k / 24));
      [x, y] = c;
    } else throw new Error(`icon.svg: no ${act} in a path`);
    points.push([x, y]);
  }
  return points;
}

function bezier(p: Point, a: Point, b: Point, c: Point, t: number): Point {
  const of = (i: 0 | 1): number =>
    (1 - t) ** 3 * p[i] + 3 * (1 - t) ** 2 * t * a[i] + 3 * (1 - t) * t * t * b[i] + t ** 3 * c[i];
  return [of(0), of(1)];
}

/** Where a line of this height crosses the outline. */
function crossings(y: number, ring: readonly Point[]): number[] {
  return ring.flatMap(([x1, y1], i) => {
    const [x2, y2] = ring[(i + 1) % ring.length] ?? [0, 0];
    return y1 > y === y2 > y ? [] : [x1 + ((y - y1) * (x2 - x1)) / (y2 - y1)];
  });
}

/** From where to where the ground reaches at this height. */
function rounded(y: number, radius: number): Point {
  const away = Math.max(radius - y, y - (VIEW - radius), 0);
  const cut = radius - Math.sqrt(Math.max(0, radius ** 2 - away ** 2));
  return [cut, VIEW - cut];
}

/** PNG 1.2: 8 bits a channel, red, green, blue, alpha; rows without a filter. */
function png(side: number, rows: Buffer): Uint8Array {
  const head = Buffer.alloc(13);
  head.writeUInt32BE(side, 0);
  head.writeUInt32BE(side, 4);
  head.set([8, 6, 0, 0, 0], 8);
  const chunk = (kind: string, body: Buffer): Buffer => {
    const whole = Buffer.alloc(12 + body.length);
    whole.writeUInt32BE(body.length, 0);
    whole.write(kind, 4, "latin1");
    body.copy(whole, 8);
    whole.writeUInt32BE(crc32(whole.subarray(4, 8 + body.length)), 8 + body.length);
    return whole;
  };
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  return Buffer.concat([
    signature,
    chunk("IHDR", head),
    chunk("IDAT", deflateSync(rows, { level: 9 })),
    chunk("IEND", Buffer.alloc(0)),
  ]);
}
