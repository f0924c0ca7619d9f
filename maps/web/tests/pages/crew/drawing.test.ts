/** The small map's labels: the reader's names, none over another or cut off. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { draw, type Scene } from "../../../src/pages/crew/drawing.ts";
import { speak } from "../../../src/words/index.ts";

Object.assign(globalThis, {
  document: { documentElement: {} },
  devicePixelRatio: 1,
  getComputedStyle: () => ({ getPropertyValue: () => "#000" }),
});

const SIZE = { width: 390, height: 500 };
const VIEW = { lon: 100.41, lat: 20.27, metresPerPixel: 20 };

/** What is written, where: letters are 7 pixels wide. */
function written(scene: Scene): { words: string; x: number; wide: number }[] {
  const found: { words: string; x: number; wide: number }[] = [];
  const pen: object = new Proxy(
    {
      canvas: SIZE,
      measureText: (words: string) => ({ width: words.length * 7 }),
      getTransform: () => ({ a: 1 }),
      fillText: (words: string, x: number) => found.push({ words, x, wide: words.length * 7 }),
    } as Record<string, unknown>,
    { get: (known, name) => (name in known ? known[name as string] : () => undefined), set: () => true },
  );
  draw({ ...SIZE, getContext: () => pen } as unknown as HTMLCanvasElement, SIZE, VIEW, scene, () => "2 km");
  return found.filter(({ words }) => words !== "2 km");
}

function scene(...marks: [layer: string, lon: number, lat: number, names: Record<string, string>][]): Scene {
  const features = marks.map(([layer, lon, lat, names]) => ({
    type: "Feature" as const,
    properties: { layer, ...names },
    geometry: { type: "Point" as const, coordinates: [lon, lat] },
  }));
  return { ground: { type: "FeatureCollection", features }, sectors: [], track: [], here: null };
}

test("a place has its name in the reader's language, or the one it has", () => {
  const two = scene(
    ["blos", 100.41, 20.27, { name: "Chiang Khong", name_th: "เชียงของ" }],
    ["crossings", 100.41, 20.25, { name: "Ferry" }],
  );
  speak("th");
  assert.deepEqual(
    written(two).map(({ words }) => words),
    ["เชียงของ", "Ferry"],
  );
  speak("en");
  assert.deepEqual(
    written(two).map(({ words }) => words),
    ["Chiang Khong", "Ferry"],
  );
});

test("a name that would lie over a mark stands on its other side", () => {
  const [name] = written(scene(["blos", 100.41, 20.27, { name: "Chiang Khong" }], ["crossings", 100.4135, 20.27, {}]));
  assert.ok(name !== undefined && name.x + name.wide < 195 - 7, `${name?.x}`);
});

test("no name lies under the buttons", () => {
  const east = (px: number): number => 100.41 + (px * 20) / (111_320 * Math.cos((20.27 * Math.PI) / 180));
  const [name] = written(scene(["places", east(100), 20.27 - (150 * 20) / 111_320, { name: "Ban Houakhoua" }]));
  assert.ok(name !== undefined && name.x + name.wide < 390 - 72, `${name?.x}`);
});

test("no name is cut off at an edge", () => {
  const edge = 100.41 - (193 * 20) / (111_320 * Math.cos((20.27 * Math.PI) / 180));
  assert.deepEqual(written(scene(["places", edge - 0.002, 20.27, { name: "Beyond" }])), []);
  assert.deepEqual(written(scene(["places", 100.41, 20.27 - (249 * 20) / 111_320, { name: "Below" }])), []);
  assert.deepEqual(written(scene(["places", 100.41, 20.27 + (247 * 20) / 111_320, { name: "Above" }])), []);
});
