/** Shapes, steps, snapping and files of the planner's sectors. */
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  areaKm2,
  bodyOf,
  boxOf,
  circle,
  closedRing,
  cornerAt,
  inDrawnOrder,
  type Place,
  partsOf,
  ringOf,
  sameShape,
  shapeOf,
} from "../../../src/geo/sector-shape.ts";
import { placeOf, sidesOf } from "../../../src/pages/planner/sectors/draft/fault-places.ts";
import { areasOf } from "../../../src/pages/planner/sectors/draft/file-shapes.ts";
import { clipped, linesOf, type SnapLine, snapped } from "../../../src/pages/planner/sectors/draft/snap.ts";
import { begin, redo, step, undo } from "../../../src/pages/planner/sectors/draft/undo-history.ts";
import type { Preview } from "../../../src/wire/map.ts";

/** A page's own view of the drafts: each load reads the module anew. */
let loads = 0;
const load = (): Promise<typeof import("../../../src/session/drafts.ts")> =>
  import(`../../../src/session/drafts.ts?load=${++loads}`);

/** Storage as a browser has it: what is in it are its own keys. */
function storage(): Storage {
  return Object.defineProperties(
    {},
    {
      getItem: {
        value(this: Record<string, string>, key: string) {
          return this[key] ?? null;
        },
      },
      setItem: {
        value(this: Record<string, string>, key: string, text: string) {
          this[key] = text;
        },
      },
      removeItem: {
        value(this: Record<string, string>, key: string) {
          delete this[key];
        },
      },
    },
  ) as Storage;
}

/** Puts the storages of a tab in place; what it listens to comes back. */
function enter(tab: Storage, common: Storage): (() => void)[] {
  const looks: (() => void)[] = [];
  const put = (name: string, value: unknown): unknown =>
    Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });
  put("sessionStorage", tab);
  put("localStorage", common);
  put("addEventListener", (type: string, look: () => void) => {
    if (type === "storage") looks.push(look);
  });
  return looks;
}

test("a sign-out takes drafts away in every tab, whatever the clock says, and once", async (context) => {
  const isText = (what: unknown): what is string => typeof what === "string";
  const [first, second, common] = [storage(), storage(), storage()];
  const kept = (page: Awaited<ReturnType<typeof load>>): string[] =>
    page.readDrafts("lane", isText).map((each) => each.what);
  // Two tabs with a draft each, of which the second is not there at the sign-out.
  enter(second, common);
  const away = await load();
  away.watchSignOut();
  away.writeDrafts("lane", [{ at: Date.now(), what: "away" }]);
  const looks = enter(first, common);
  const open = await load();
  let acts = 0;
  open.watchSignOut(() => acts++);
  open.writeDrafts("lane", [{ at: Date.now(), what: "open" }]);
  // The clock is a day ahead at the sign-out and is put right after it.
  context.mock.timers.enable({ apis: ["Date"], now: Date.now() + 86_400_000 });
  enter(storage(), common);
  (await load()).forgetDrafts();
  context.mock.timers.reset();
  enter(first, common);
  for (const look of [...looks, ...looks]) look();
  assert.deepEqual([acts, kept(open)], [1, []]);
  // Who signs in again drafts and reloads in peace.
  for (const what of ["again", "and again"]) {
    const page = await load();
    page.watchSignOut(() => acts++);
    page.watchSignOut(() => acts++);
    page.writeDrafts("lane", [...page.readDrafts("lane", isText), { at: Date.now(), what }]);
  }
  assert.deepEqual([acts, kept(await load())], [1, ["again", "and again"]]);
  // The tab that was away comes back: nothing of before is offered, though touched after this clock's sign-out.
  enter(second, common);
  const back = await load();
  assert.deepEqual(kept(back), ["away"]);
  back.watchSignOut(() => acts++);
  assert.deepEqual([acts, kept(back)], [1, []]);
  // One who watches only once the page is drawn learns of what came meanwhile.
  enter(storage(), common);
  (await load()).forgetDrafts();
  back.watchSignOut(() => acts++);
  assert.equal(acts, 2);
});

const SQUARE: Place[] = [
  [100.4, 20.28],
  [100.42, 20.28],
  [100.42, 20.3],
  [100.4, 20.3],
];

test("a ring is kept once round, without repeated places", () => {
  assert.deepEqual(ringOf([...SQUARE, SQUARE[0] as Place]), SQUARE);
  assert.deepEqual(
    ringOf([
      [1, 2],
      [1, 2],
      [3, 4],
    ]),
    [
      [1, 2],
      [3, 4],
    ],
  );
  assert.deepEqual(ringOf([]), []);
});

test("too little to judge is not asked about", () => {
  assert.equal(bodyOf(null), null);
  assert.equal(bodyOf({ kind: "polygon", rings: [SQUARE.slice(0, 2)] }), null);
  assert.deepEqual(bodyOf({ kind: "polygon", rings: [SQUARE, []] })?.polygon?.coordinates, [[...SQUARE, SQUARE[0]]]);
});

test("a corner is counted as people do, in the ring that was sent", () => {
  const hole: Place[] = [
    [100.405, 20.285],
    [100.41, 20.285],
    [100.41, 20.29],
  ];
  const shape = { kind: "polygon" as const, rings: [SQUARE, [], hole] };
  assert.deepEqual(cornerAt(shape, 0, 1), { ring: 0, corner: 2, place: [100.42, 20.28] });
  assert.deepEqual(
    cornerAt(shape, 0, 4),
    { ring: 0, corner: 1, place: [100.4, 20.28] },
    "the place that closes it is the first again",
  );
  assert.deepEqual(cornerAt(shape, 1, 2), { ring: 2, corner: 3, place: [100.41, 20.29] }, "an empty ring was not sent");
  assert.deepEqual([cornerAt(shape, 2, 0), cornerAt(null, 0, 0)], [null, null]);
});

test("of sides that cross both are named, and the place is where they do", () => {
  const [a, b, c, d] = SQUARE as [Place, Place, Place, Place];
  const bow = { kind: "polygon" as const, rings: [SQUARE, [], [a, b, d, c]] };
  const fault = { ring: 1, vertex: 1, crosses: 3, lon: 100.41, lat: 20.29 };
  assert.deepEqual(sidesOf(fault, bow), [
    { ring: 2, from: 2, to: 3 },
    { ring: 2, from: 4, to: 1 },
  ]);
  assert.deepEqual(placeOf(fault, bow), [100.41, 20.29]);
  const spike = { ring: 0, vertex: 1, lon: 1, lat: 2 };
  assert.deepEqual([sidesOf(spike, bow), placeOf(spike, bow)], [null, b], "the corner as it was drawn");
  assert.deepEqual([sidesOf(fault, null), placeOf({}, bow)], [null, null]);
});

test("a ring that a tool turned round is turned back, whatever was moved in it", () => {
  const [a, b, c, d] = SQUARE as [Place, Place, Place, Place];
  const moved: Place = [100.39, 20.31];
  assert.deepEqual(inDrawnOrder([a, d, c, b], [a, b, c, d]), [a, b, c, d]);
  assert.deepEqual(inDrawnOrder([a, b, c, d], [a, b, c, d]), [a, b, c, d]);
  assert.deepEqual(inDrawnOrder([moved, d, c, b], SQUARE), [moved, b, c, d], "its first corner was dragged");
  assert.deepEqual(inDrawnOrder([a, d, moved, c, b], SQUARE), [a, b, c, moved, d], "one was added");
  assert.deepEqual(inDrawnOrder([a, d, c, b], [a, b, c, d, moved]), [a, b, c, d], "the one under the pointer went");
  assert.deepEqual(inDrawnOrder([a, moved], [a]), [a, moved]);
});

test("area is within half a percent, holes taken away", () => {
  const whole = areaKm2([SQUARE]);
  assert.ok(Math.abs(whole - 4.63) < 0.02, String(whole));
  assert.ok(
    areaKm2([
      SQUARE,
      [
        [100.405, 20.285],
        [100.41, 20.285],
        [100.41, 20.29],
      ],
    ]) < whole,
  );
  const round = areaKm2([circle([100.4, 20.3], 1000)]);
  assert.ok(round > 3.11 && round < Math.PI + 0.001, String(round));
});

test("of several polygons the largest comes first, and one is taken", () => {
  const small: GeoJSON.Position[][] = [
    [
      [0, 0],
      [0.1, 0],
      [0.1, 0.1],
      [0, 0],
    ],
  ];
  const large: GeoJSON.Position[][] = [
    [
      [1, 1],
      [2, 1],
      [2, 2],
      [1, 1],
    ],
  ];
  const both: GeoJSON.MultiPolygon = { type: "MultiPolygon", coordinates: [small, large] };
  assert.equal(partsOf(both)[0], large);
  assert.deepEqual(shapeOf({ polygon: both }, 1), {
    kind: "polygon",
    rings: [
      [
        [0, 0],
        [0.1, 0],
        [0.1, 0.1],
      ],
    ],
  });
  assert.deepEqual(boxOf(both), [0, 0, 2, 2]);
});

test("a step that closes a ring gives its corners back, and is the same shape as one that does not", () => {
  const hole: Place[] = [
    [100.41, 20.285],
    [100.415, 20.285],
    [100.41, 20.29],
  ];
  const rings = [SQUARE, hole];
  assert.deepEqual(closedRing({ kind: "polygon", rings: [SQUARE], closed: "polygon" }), {
    tool: "polygon",
    ring: SQUARE,
  });
  assert.deepEqual(closedRing({ kind: "polygon", rings, closed: "hole" }), { tool: "hole", ring: hole });
  for (const other of [null, undefined, { kind: "polygon" as const, rings }]) assert.equal(closedRing(other), null);
  assert.ok(sameShape({ kind: "polygon", rings }, { kind: "polygon", rings, closed: "hole" }));
  assert.ok(!sameShape({ kind: "polygon", rings }, { kind: "polygon", rings: [SQUARE] }));
});

test("steps go back and forth, typing is one step, and a new step forgets what was undone", () => {
  let steps = step(step(begin<string | null>(null), "a"), "ab", true);
  assert.deepEqual([steps.past, steps.now], [[null], "ab"]);
  steps = undo(steps);
  assert.equal(steps.now, null);
  assert.equal(undo(steps), steps);
  assert.equal(redo(steps).now, "ab");
  assert.deepEqual(step(steps, "c").future, []);
});

const NEIGHBOUR: SnapLine[] = linesOf(
  { type: "Polygon", coordinates: [[...SQUARE, SQUARE[0] as Place]] },
  "sector",
  "Islands",
);
const REACH = { lon: 0.001, lat: 0.001 };

test("a pointer near an edge lies exactly on it; a corner goes before an edge; far away is free", () => {
  const edge = snapped([100.4205, 20.29], NEIGHBOUR, REACH);
  assert.deepEqual([edge?.place, edge?.corner, edge?.onto.name], [[100.42, 20.29], false, "Islands"]);
  const corner = snapped([100.4205, 20.2995], NEIGHBOUR, REACH);
  assert.deepEqual([corner?.place, corner?.corner], [[100.42, 20.3], true]);
  assert.equal(snapped([100.43, 20.29], NEIGHBOUR, REACH), null);
  assert.equal(snapped([100.42, 20.29], [], REACH), null);
});

test("only what comes into the view is looked at", () => {
  const line: SnapLine[] = [
    {
      kind: "border",
      name: "",
      places: [
        [0, 0],
        [1, 1],
        [2, 2],
        [50, 50],
        [51, 51],
      ],
    },
  ];
  assert.deepEqual(
    clipped(line, [0.5, 0.5, 1.5, 1.5]).map((each) => each.places),
    [
      [
        [0, 0],
        [1, 1],
        [2, 2],
      ],
    ],
  );
  assert.deepEqual(clipped(line, [-9, -9, -8, -8]), []);
});

test("a file gives its areas, its lines closed, and its points in their order", () => {
  const feature = (geometry: GeoJSON.Geometry, name?: string): GeoJSON.Feature => ({
    type: "Feature",
    properties: name ? { name } : {},
    geometry,
  });
  const preview = {
    layers: [
      {
        name: "plan",
        features: 6,
        faults: [],
        bounds: null,
        collection: {
          type: "FeatureCollection",
          features: [
            feature({ type: "Polygon", coordinates: [[...SQUARE, SQUARE[0] as Place]] }, "Islands"),
            feature({ type: "LineString", coordinates: SQUARE }, "Round"),
            feature({ type: "LineString", coordinates: SQUARE.slice(0, 2) }, "too short"),
            ...SQUARE.slice(0, 3).map((place) => feature({ type: "Point", coordinates: place })),
          ],
        },
      },
    ],
  } satisfies Preview;
  assert.deepEqual(
    areasOf(preview).map((each) => [each.from, each.name, each.rings[0]?.length]),
    [
      ["area", "Islands", 4],
      ["line", "Round", 4],
      ["points", "", 3],
    ],
  );
});

test("a faulty area of a file is offered mended, each of its parts", () => {
  const ring = (lon: number): GeoJSON.Position[] => [
    [lon, 20],
    [lon + 0.1, 20],
    [lon + 0.05, 20.1],
    [lon, 20],
  ];
  const repair: GeoJSON.Feature = {
    type: "Feature",
    properties: { name: "Tie" },
    geometry: { type: "MultiPolygon", coordinates: [[ring(100)], [ring(101)]] },
  };
  const faults = [
    { feature: 0, fault: "has an invalid geometry", repair },
    { feature: 1, fault: "has a line of a single point" },
  ];
  const preview = {
    layers: [
      {
        name: "a",
        features: 2,
        faults,
        bounds: null,
        collection: { type: "FeatureCollection" as const, features: [] },
      },
    ],
  };
  assert.deepEqual(
    areasOf(preview).map((each) => [each.from, each.name]),
    [
      ["mended", "Tie"],
      ["mended", "Tie"],
    ],
  );
});
