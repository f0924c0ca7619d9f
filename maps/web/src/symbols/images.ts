/** Draws the icons of the map on demand; the name of an image says all that it depends on. */

import type { PaletteName } from "../browser/preferences.ts";
import { PATHS, type Shape } from "./marks.ts";
import { readTokens, type Tokens } from "./tokens.ts";

/** Device pixels for one CSS pixel of an icon. */
export const ICON_SCALE = 2;

export type GlyphName =
  | "distress"
  | "clock"
  | "course"
  | "blo"
  | "bridge"
  | "road"
  | "ferry"
  | "port"
  | "tick"
  | "selected"
  | "body"
  | "ring-16"
  | "ring-64"
  | "ring-192"
  | "hatch"
  | "target"
  | "landing"
  | "pin"
  | "flag"
  | "hazard"
  | "meeting"
  | "crowd-live"
  | "crowd-late"
  | "severity-high"
  | "severity-medium"
  | "severity-low";

/** `palette/mark/shape/side/state` */
export function markImage(palette: PaletteName, shape: Shape, side: string, state: string): string {
  return `${palette}/mark/${shape}/${side}/${state}`;
}

/** `palette/glyph/name` */
export function glyphImage(palette: PaletteName, name: GlyphName): string {
  return `${palette}/glyph/${name}`;
}

/** Draws the image named; null for a name that is not ours. */
export function drawImage(name: string): ImageData | null {
  const [palette, family, ...rest] = name.split("/");
  const tokens = readTokens();
  if (family === "mark") {
    const [shape, side, state] = rest as [Shape, string, string];
    return onCanvas(44, (pen) => paintMark(pen, tokens, { shape, side, state, patterned: palette === "red-night" }));
  }
  const glyph = GLYPHS[rest[0] as GlyphName];
  return family === "glyph" && glyph ? onCanvas(glyph.size, (pen) => glyph.paint(pen, tokens)) : null;
}

function onCanvas(size: number, paint: (pen: CanvasRenderingContext2D) => void): ImageData {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = size * ICON_SCALE;
  const pen = canvas.getContext("2d", { willReadFrequently: true }) as CanvasRenderingContext2D;
  pen.scale(ICON_SCALE, ICON_SCALE);
  pen.lineJoin = pen.lineCap = "round";
  paint(pen);
  return pen.getImageData(0, 0, canvas.width, canvas.height);
}

function paintMark(
  pen: CanvasRenderingContext2D,
  tokens: Tokens,
  mark: { shape: Shape; side: string; state: string; patterned: boolean },
): void {
  pen.translate(2, 2);
  const path = new Path2D(PATHS[mark.shape] ?? PATHS.radio);
  const fill = tokens.side(mark.side);
  const lost = mark.state === "lost";
  if (mark.state === "live" && !mark.patterned) stroke(pen, path, tokens.get("mark-halo"), 4);
  if (lost) {
    // Hollow: the ground shows through a thin wash of the map's own colour.
    pen.globalAlpha = 0.72;
    pen.fillStyle = tokens.get("map-halo");
    pen.fill(path);
    pen.globalAlpha = 1;
    if (!mark.patterned) stroke(pen, path, tokens.get("mark-edge"), 4);
    stroke(pen, path, fill, 2.6);
    return;
  }
  pen.fillStyle = fill;
  pen.fill(path);
  if (mark.patterned) paintPattern(pen, path, mark.side, tokens.get("paper"));
  if (mark.state === "late") {
    stroke(pen, path, tokens.get("map-halo"), 3.4);
    stroke(pen, path, mark.patterned ? tokens.get("mark-halo") : tokens.get("ink"), 2, [4.5, 4]);
  } else {
    stroke(pen, path, mark.patterned ? tokens.get("mark-halo") : tokens.get("mark-edge"), 1.4);
  }
}

function stroke(pen: CanvasRenderingContext2D, path: Path2D, colour: string, width: number, dash: number[] = []): void {
  pen.strokeStyle = colour;
  pen.lineWidth = width;
  pen.lineCap = dash.length > 0 ? "butt" : "round";
  pen.setLineDash(dash);
  pen.stroke(path);
  pen.setLineDash([]);
}

/** Side by pattern, for the palette where colour tells nothing: LA is plain. */
function paintPattern(pen: CanvasRenderingContext2D, path: Path2D, side: string, dark: string): void {
  pen.save();
  pen.clip(path);
  pen.strokeStyle = pen.fillStyle = dark;
  pen.lineWidth = 2.6;
  const line = (x1: number, y1: number, x2: number, y2: number): void => {
    pen.beginPath();
    pen.moveTo(x1, y1);
    pen.lineTo(x2, y2);
    pen.stroke();
  };
  for (let i = -40; i < 80; i += 6) {
    if (side === "TH" || side === "VN") line(i, 0, i + 40, 40);
    if (side === "VN") line(i, 40, i + 40, 0);
    if (side === "CN") line(0, i, 40, i);
    if (side === "KH") line(i, 0, i, 40);
    if (side === "MM") for (let j = -40; j < 80; j += 6) pen.fillRect(i, j, 3, 3);
  }
  pen.restore();
  if (side === "LA" || side === "unknown") return;
  // The letters lie on the pattern: a dark plate keeps them readable.
  pen.beginPath();
  pen.roundRect(11.5, 13.5, 17, 13, 3);
  pen.fill();
}

interface Glyph {
  size: number;
  paint: (pen: CanvasRenderingContext2D, tokens: Tokens) => void;
}

/** A circle whose line is dashed, with no seam. */
function dashedRing(radius: number): Glyph {
  const middle = radius + 2;
  const dash = (2 * Math.PI * radius) / (2 * Math.round((2 * Math.PI * radius) / 10));
  return {
    size: 2 * middle,
    paint: (pen, tokens) => {
      const ring = new Path2D();
      ring.arc(middle, middle, radius, 0, 2 * Math.PI);
      stroke(pen, ring, tokens.get("map-ring"), 1.2, [dash, dash]);
    },
  };
}

const GLYPHS: Record<GlyphName, Glyph> = {
  distress: { size: 84, paint: (pen, tokens) => paintDistress(pen, tokens.get("alert"), tokens.get("map-halo")) },
  clock: {
    size: 18,
    paint: (pen, tokens) => {
      const face = new Path2D("M9 2.5 a6.5 6.5 0 1 1 0 13 a6.5 6.5 0 1 1 0-13 Z");
      pen.fillStyle = tokens.get("map-halo");
      pen.fill(face);
      stroke(pen, face, tokens.get("ink"), 1.6);
      stroke(pen, new Path2D("M9 5.2 V9.2 L11.6 10.8"), tokens.get("ink"), 1.6);
    },
  },
  course: {
    size: 46,
    paint: (pen, tokens) => {
      const tip = new Path2D("M23 2 L28 9.5 L23 7.8 L18 9.5 Z");
      stroke(pen, tip, tokens.get("map-halo"), 3);
      pen.fillStyle = tokens.get("ink");
      pen.fill(tip);
    },
  },
  selected: {
    size: 64,
    paint: (pen, tokens) => {
      const ring = new Path2D("M32 5 a27 27 0 1 1 0 54 a27 27 0 1 1 0-54 Z");
      stroke(pen, ring, tokens.get("map-halo"), 5);
      stroke(pen, ring, tokens.get("focus"), 2.4);
    },
  },
  "ring-16": dashedRing(16),
  "ring-64": dashedRing(64),
  "ring-192": dashedRing(192),
  blo: {
    size: 26,
    paint: (pen, tokens) => {
      const house = new Path2D("M13 4.5 L22 12 H19.5 V21 H15 V15.5 H11 V21 H6.5 V12 H4 Z");
      stroke(pen, house, tokens.get("map-halo"), 4);
      pen.fillStyle = tokens.get("map-blo");
      pen.fill(house);
    },
  },
  // Repeats without a seam: each line leaves where the next one enters.
  hatch: {
    size: 16,
    paint: (pen, tokens) => {
      pen.globalAlpha = 0.55;
      stroke(pen, new Path2D("M-4 12 L12 -4 M-4 20 L20 -4 M4 20 L20 4"), tokens.get("map-no-go"), 1.3);
      pen.globalAlpha = 1;
    },
  },
  target: {
    size: 34,
    paint: (pen, tokens) => {
      const corners = new Path2D(
        "M6 12 V6 H12 M22 6 H28 V12 M28 22 V28 H22 M12 28 H6 V22 M17 13.2 L20.8 17 L17 20.8 L13.2 17 Z",
      );
      stroke(pen, corners, tokens.get("map-halo"), 5);
      stroke(pen, corners, tokens.get("map-target"), 2.4);
    },
  },
  landing: {
    size: 26,
    paint: (pen, tokens) => {
      const cross = new Path2D("M7.5 7.5 L18.5 18.5 M18.5 7.5 L7.5 18.5");
      stroke(pen, cross, tokens.get("map-halo"), 5.5);
      stroke(pen, cross, tokens.get("map-target"), 2.6);
    },
  },
  pin: {
    size: 34,
    paint: (pen, tokens) => {
      const drop = new Path2D(
        "M17 32 C11 23 7.5 18.500 7.5 13 a9.5 9.5 0 1 1 19 0 C26.5 18.5 23 23 17 32 Z M17 9.500 a3.5 3.5 0 1 0 0 7 a3.5 3.5 0 1 0 0-7 Z",
      );
      stroke(pen, drop, tokens.get("map-halo"), 5);
      pen.fillStyle = tokens.get("focus");
      pen.fill(drop, "evenodd");
    },
  },
  "crowd-live": { size: 52, paint: plate([]) },
  "crowd-late": { size: 52, paint: plate([6, 4.5]) },
  // Below a call for help: a double ring, a single one, a dot at the corner. Form first, the colour only repeats it.
  "severity-high": { size: 66, paint: rings([22.5, 28]) },
  "severity-medium": { size: 66, paint: rings([22.5]) },
  "severity-low": {
    size: 66,
    paint: (pen, tokens) => {
      const dot = new Path2D("M48 14 a4.5 4.5 0 1 1 0 9 a4.5 4.5 0 1 1 0-9 Z");
      stroke(pen, dot, tokens.get("map-halo"), 4);
      pen.fillStyle = tokens.get("alert");
      pen.fill(dot);
    },
  },
  // Drawn by nobody, it keeps the labels of others off a mark.
  body: { size: 26, paint: () => undefined },
  flag: { size: 24, paint: sign("M9 19.5 V5 L17.5 8.2 L9 11.5") },
  hazard: { size: 24, paint: sign("M12 4.8 L19.6 18.4 H4.4 Z M12 9.8 V13.6 M12 15.9 V16.1", "map-no-go") },
  meeting: {
    size: 24,
    paint: sign("M4.5 12 H10.2 M7.6 9.3 L10.3 12 L7.6 14.7 M19.5 12 H13.8 M16.4 9.3 L13.7 12 L16.4 14.7"),
  },
  bridge: { size: 24, paint: sign("M4 15 H20 M6 15 V9 M18 15 V9 M6 9.5 C9 14 15 14 18 9.5 M12 15 V12.8") },
  road: { size: 24, paint: sign("M9.5 4 L7 20 M14.5 4 L17 20 M12 5 V7.5 M12 10.5 V13.5 M12 16.5 V19") },
  ferry: { size: 24, paint: sign("M5 13 H19 L17 18 H7 Z M8 13 V9 H15 V13 M12 9 V6") },
  port: {
    size: 24,
    paint: sign(
      "M12 8 V19 M8.5 11 H15.5 M5.5 14 C6.5 18 9.5 19 12 19 C14.5 19 17.5 18 18.5 14 M12 4.5 a1.8 1.8 0 1 1 0 3.6 a1.8 1.8 0 1 1 0-3.6",
    ),
  },
  tick: {
    size: 12,
    paint: (pen, tokens) => {
      const dot = new Path2D("M6 3.4 a2.6 2.6 0 1 1 0 5.2 a2.6 2.6 0 1 1 0-5.2 Z");
      stroke(pen, dot, tokens.get("map-halo"), 2.5);
      pen.fillStyle = tokens.get("map-km");
      pen.fill(dot);
    },
  },
};

/** A line drawing on a small plate. */
function sign(d: string, colour: "map-blo" | "map-no-go" = "map-blo"): Glyph["paint"] {
  return (pen, tokens) => {
    const plate = new Path2D();
    plate.roundRect(1.5, 1.5, 21, 21, 5);
    pen.fillStyle = tokens.get("map-halo");
    pen.fill(plate);
    stroke(pen, plate, tokens.get(colour), 1);
    stroke(pen, new Path2D(d), tokens.get(colour), 1.7);
  };
}

/** The plate under the number of a crowd. */
function plate(dash: number[]): Glyph["paint"] {
  return (pen, tokens) => {
    const disc = new Path2D("M26 4 a22 22 0 1 1 0 44 a22 22 0 1 1 0-44 Z");
    pen.fillStyle = tokens.get("map-halo");
    pen.fill(disc);
    stroke(pen, disc, tokens.get("map-label"), 2.4, dash);
  };
}

function rings(radii: number[]): Glyph["paint"] {
  return (pen, tokens) => {
    const outline = new Path2D();
    for (const radius of radii) {
      outline.moveTo(33 + radius, 33);
      outline.arc(33, 33, radius, 0, 2 * Math.PI);
    }
    stroke(pen, outline, tokens.get("map-halo"), 5);
    stroke(pen, outline, tokens.get("alert"), 2.4);
  };
}

/** A double ring with rays: form first, the colour only repeats it. */
function paintDistress(pen: CanvasRenderingContext2D, colour: string, halo: string): void {
  pen.translate(42, 42);
  const rings = new Path2D();
  for (const radius of [23.5, 29]) {
    rings.moveTo(radius, 0);
    rings.arc(0, 0, radius, 0, 2 * Math.PI);
  }
  for (let i = 0; i < 8; i += 1) {
    const angle = (i * Math.PI) / 4;
    rings.moveTo(33 * Math.sin(angle), 33 * Math.cos(angle));
    rings.lineTo(40 * Math.sin(angle), 40 * Math.cos(angle));
  }
  stroke(pen, rings, halo, 5.5);
  stroke(pen, rings, colour, 2.8);
}
