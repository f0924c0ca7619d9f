/** Draws the small map on a canvas, in the colours of the page. */
import { language } from "../../words/index.ts";
import { type MapView, pixel, type Size, scaleMetres } from "./outbox/map-view.ts";

export interface Scene {
  ground: GeoJSON.FeatureCollection | null;
  sectors: readonly { name: string; use: string; polygon: readonly (readonly GeoJSON.Position[])[] }[];
  track: readonly (readonly [number, number])[];
  here: { lon: number; lat: number; accuracy_m?: number; course_deg?: number; fresh: boolean } | null;
}

type Ink = (name: string) => string;

const LABELS_FROM = 90; // metres a pixel: farther out there would be room for few names
/** Where labels lie, this time: the next one must find room. */
const usedBoxes: { x: number; y: number; wide: number }[] = [];
const LINE = 15;
/** What the buttons cover, from the lower right corner. */
export const BUTTONS: Size = { width: 72, height: 186 };
const KM_STEPS = [
  [12, 1],
  [90, 10],
  [400, 50],
] as const;

/** Draws everything anew; a frame of a small map takes a few milliseconds. */
export function draw(
  canvas: HTMLCanvasElement,
  size: Size,
  view: MapView,
  scene: Scene,
  scaleWords: (metres: number) => string,
): void {
  const ratio = Math.min(3, devicePixelRatio || 1);
  canvas.width = Math.round(size.width * ratio);
  canvas.height = Math.round(size.height * ratio);
  const pen = canvas.getContext("2d");
  if (pen === null) return;
  pen.setTransform(ratio, 0, 0, ratio, 0, 0);
  const style = getComputedStyle(document.documentElement);
  const ink: Ink = (name) => style.getPropertyValue(name).trim();
  pen.fillStyle = ink("--map-land");
  pen.fillRect(0, 0, size.width, size.height);
  pen.lineJoin = "round";
  pen.lineCap = "round";
  const at = (point: GeoJSON.Position): [number, number] => pixel(view, size, point[0] ?? 0, point[1] ?? 0);
  usedBoxes.length = 0;
  for (let y = size.height - BUTTONS.height; y < size.height + LINE; y += LINE)
    usedBoxes.push({ x: size.width - BUTTONS.width, y, wide: BUTTONS.width });
  const features = scene.ground?.features ?? [];
  const layer = (name: string): GeoJSON.Feature[] => features.filter((each) => each.properties?.["layer"] === name);
  const line = (shape: GeoJSON.Geometry, close = false): void => {
    pen.beginPath();
    for (const part of linesOf(shape)) {
      part.forEach((point, i) => {
        if (i === 0) pen.moveTo(...at(point));
        else pen.lineTo(...at(point));
      });
      if (close) pen.closePath();
    }
  };
  const strokeAll = (name: string, colour: string, width: number, dash: number[] = []): void => {
    pen.strokeStyle = ink(colour);
    pen.lineWidth = width;
    pen.setLineDash(dash);
    for (const each of layer(name)) {
      line(each.geometry);
      pen.stroke();
    }
    pen.setLineDash([]);
  };
  // A river is some hundred metres wide: its line is drawn so wide, within reason.
  const wide = (metres: number, least: number, most: number): number =>
    Math.min(most, Math.max(least, metres / view.metresPerPixel));
  strokeAll("rivers", "--map-river", wide(60, 1.5, 10));
  strokeAll("centrelines", "--map-river", wide(120, 2, 18));
  strokeAll("mekong", "--map-river", wide(400, 4, 60));
  strokeAll("borders", "--map-border", 2, [7, 5]);
  sectors(pen, scene, ink, line);
  marks(pen, view, layer, ink, at);
  way(pen, scene, ink, at);
  self(pen, view, scene, ink, at);
  scale(pen, size, view, ink, scaleWords);
}

function linesOf(shape: GeoJSON.Geometry): readonly (readonly GeoJSON.Position[])[] {
  switch (shape.type) {
    case "LineString":
      return [shape.coordinates];
    case "MultiLineString":
    case "Polygon":
      return shape.coordinates;
    case "MultiPolygon":
      return shape.coordinates.flat();
    case "GeometryCollection":
      return shape.geometries.flatMap(linesOf);
    default:
      return [];
  }
}

function sectors(
  pen: CanvasRenderingContext2D,
  scene: Scene,
  ink: Ink,
  line: (shape: GeoJSON.Geometry, close: boolean) => void,
): void {
  for (const { use, polygon } of scene.sectors) {
    const forbidden = use !== "patrol";
    const colour = ink(forbidden ? "--map-no-go" : "--map-sector");
    line({ type: "Polygon", coordinates: polygon as GeoJSON.Position[][] }, true);
    pen.fillStyle = colour;
    pen.globalAlpha = 0.1;
    pen.fill("evenodd");
    pen.globalAlpha = 1;
    pen.strokeStyle = colour;
    pen.lineWidth = 3;
    pen.setLineDash(forbidden ? [3, 4] : []);
    pen.stroke();
    pen.setLineDash([]);
  }
}

type Told = Record<string, unknown>;

function marks(
  pen: CanvasRenderingContext2D,
  view: MapView,
  layer: (name: string) => GeoJSON.Feature[],
  ink: Ink,
  at: (p: GeoJSON.Position) => [number, number],
): void {
  const withLabels = view.metresPerPixel <= LABELS_FROM;
  const points = (name: string): [number, number, Told][] =>
    layer(name).flatMap((each) =>
      each.geometry.type === "Point" ? [[...at(each.geometry.coordinates), each.properties ?? {}]] : [],
    );
  const [blos, crossings] = [points("blos"), points("crossings")];
  for (const [x, y] of blos) {
    pen.beginPath();
    pen.moveTo(x - 7, y);
    pen.lineTo(x, y - 7);
    pen.lineTo(x + 7, y);
    pen.lineTo(x + 7, y + 7);
    pen.lineTo(x - 7, y + 7);
    pen.closePath();
    pen.fillStyle = ink("--map-halo");
    pen.fill();
    pen.strokeStyle = ink("--map-blo");
    pen.lineWidth = 2;
    pen.stroke();
  }
  for (const [x, y] of crossings) {
    pen.strokeStyle = ink("--map-label");
    pen.lineWidth = 2;
    pen.strokeRect(x - 4, y - 4, 8, 8);
  }
  // No name lies over a mark, its own neighbour's as little as another's.
  for (const [x, y] of [...blos, ...crossings]) usedBoxes.push({ x: x - 7, y: y + 4, wide: 14 });
  if (withLabels) for (const [x, y, told] of blos) label(pen, nameOf(told), x + 11, y + 5, ink, "--map-label", 13);
  const step = KM_STEPS.find(([farthest]) => view.metresPerPixel <= farthest)?.[1] ?? 100;
  for (const [x, y, { km }] of points("river_km")) {
    if (typeof km !== "number" || Math.round(km) % step !== 0) continue;
    pen.fillStyle = ink("--map-km");
    pen.fillRect(x - 4, y - 1, 8, 2);
    label(pen, String(Math.round(km)), x + 7, y + 4, ink, "--map-km", 12);
  }
  if (!withLabels) return;
  for (const [x, y, told] of crossings) label(pen, nameOf(told), x + 9, y + 4, ink, "--map-label-2", 12);
  for (const [x, y, told] of points("places").slice(0, 60)) {
    pen.fillStyle = ink("--map-place");
    pen.beginPath();
    pen.arc(x, y, 2.5, 0, 2 * Math.PI);
    pen.fill();
    label(pen, nameOf(told), x + 6, y + 4, ink, "--map-label-2", 12);
  }
}

/** The reader's name of a place, if it has one. */
function nameOf(told: Told): string {
  return String(told[`name_${language}`] ?? told["name"] ?? "");
}

/** Writes words beside a mark, on its left if there is no room on its right; not at all where others stand. */
function label(
  pen: CanvasRenderingContext2D,
  words: string,
  x: number,
  y: number,
  ink: Ink,
  colour: string,
  px: number,
): void {
  pen.font = `600 ${px}px "Noto Sans", sans-serif`;
  const wide = pen.measureText(words).width;
  const { a: ratio } = pen.getTransform();
  const [right, bottom] = [pen.canvas.width / ratio - 4, pen.canvas.height / ratio - 4];
  const free = (at: number): boolean =>
    at > 2 &&
    at + wide < right &&
    y > px &&
    y < bottom &&
    !usedBoxes.some((each) => Math.abs(each.y - y) < LINE && at < each.x + each.wide && each.x < at + wide);
  const at = [x, x - wide - 22].find(free);
  if (words === "" || at === undefined) return;
  usedBoxes.push({ x: at, y, wide });
  pen.lineWidth = 3;
  pen.strokeStyle = ink("--map-halo");
  pen.strokeText(words, at, y);
  pen.fillStyle = ink(colour);
  pen.fillText(words, at, y);
}

function way(
  pen: CanvasRenderingContext2D,
  scene: Scene,
  ink: Ink,
  at: (p: GeoJSON.Position) => [number, number],
): void {
  if (scene.track.length < 2) return;
  pen.beginPath();
  scene.track.forEach((point, i) => {
    if (i === 0) pen.moveTo(...at([...point]));
    else pen.lineTo(...at([...point]));
  });
  for (const [colour, width] of [
    ["--map-halo", 5],
    ["--map-target", 2.5],
  ] as const) {
    pen.strokeStyle = ink(colour);
    pen.lineWidth = width;
    pen.stroke();
  }
}

function self(
  pen: CanvasRenderingContext2D,
  view: MapView,
  { here }: Scene,
  ink: Ink,
  at: (p: GeoJSON.Position) => [number, number],
): void {
  if (here === null) return;
  const [x, y] = at([here.lon, here.lat]);
  const radius = (here.accuracy_m ?? 0) / view.metresPerPixel;
  pen.strokeStyle = ink("--map-ring");
  pen.lineWidth = 1.5;
  if (radius > 9) {
    pen.beginPath();
    pen.arc(x, y, radius, 0, 2 * Math.PI);
    pen.stroke();
  }
  pen.fillStyle = here.fresh ? ink("--map-target") : ink("--map-halo");
  pen.strokeStyle = here.fresh ? ink("--map-halo") : ink("--map-target");
  pen.lineWidth = 3;
  pen.beginPath();
  if (here.course_deg === undefined) pen.arc(x, y, 8, 0, 2 * Math.PI);
  else {
    // A hull with its bow at the course.
    const turn = (here.course_deg * Math.PI) / 180;
    const hull = [
      [0, -16],
      [9, 2],
      [7, 14],
      [-7, 14],
      [-9, 2],
    ].map(([a = 0, b = 0]) => [
      x + a * Math.cos(turn) - b * Math.sin(turn),
      y + a * Math.sin(turn) + b * Math.cos(turn),
    ]);
    hull.forEach(([px = 0, py = 0], i) => {
      if (i === 0) pen.moveTo(px, py);
      else pen.lineTo(px, py);
    });
    pen.closePath();
  }
  pen.fill();
  pen.stroke();
}

function scale(
  pen: CanvasRenderingContext2D,
  size: Size,
  view: MapView,
  ink: Ink,
  words: (metres: number) => string,
): void {
  const metres = scaleMetres(view, 110);
  const [x, y, long] = [14, size.height - 14, metres / view.metresPerPixel];
  for (const [colour, width] of [
    ["--map-halo", 5],
    ["--map-label", 2],
  ] as const) {
    pen.strokeStyle = ink(colour);
    pen.lineWidth = width;
    pen.beginPath();
    pen.moveTo(x, y - 6);
    pen.lineTo(x, y);
    pen.lineTo(x + long, y);
    pen.lineTo(x + long, y - 6);
    pen.stroke();
  }
  label(pen, words(metres), x + 6, y - 6, ink, "--map-label", 12);
}
