/** The rooms of `src` are those of its README, and imports go from floor to floor downward only. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { posix } from "node:path";
import { test } from "node:test";

const SOURCES = new URL("../src/", import.meta.url);
const ROW = /^\| (\d+) \| `([\w/-]+)` \|/gm;
/** Of the static kinds; `import()` stands in a function. */
const IMPORT = /(?:^import|\bfrom)\s+"([^"]+)"/gm;
const LATER = /\bimport\("([^"]+)"\)/g;

const read = (path: string): string => readFileSync(new URL(path, SOURCES), "utf8");
const floors = new Map([...read("README.md").matchAll(ROW)].map(([, floor, room]) => [room ?? "", Number(floor)]));
const files = readdirSync(SOURCES, { recursive: true, encoding: "utf8" })
  .map((path) => path.replaceAll("\\", "/"))
  .filter((path) => /\.(tsx?|css)$/.test(path));

/** What a file brings of `src`, by paths from there. */
function brought(path: string, how: RegExp): string[] {
  const all = [...read(path).matchAll(how)].map((found) => found[1] ?? "").filter((each) => each.startsWith("."));
  return all.map((each) => posix.join(posix.dirname(path), each)).filter((each) => !each.startsWith(".."));
}

function isUpward(from: string, to: string): boolean {
  const [above, below] = [posix.dirname(from), posix.dirname(to)];
  return above !== below && (floors.get(above) ?? 0) <= (floors.get(below) ?? Infinity);
}

test("every file lies in a room of the table, and every room holds files", () => {
  assert.deepEqual([...new Set(files.map((path) => posix.dirname(path)))].sort(), [...floors.keys()].sort());
});

test("a file imports from its room and from lower floors only", () => {
  const found = files.flatMap((path) =>
    brought(path, IMPORT)
      .filter((each) => isUpward(path, each))
      .map((each) => `${path} > ${each}`),
  );
  assert.deepEqual(found, []);
  assert.ok(
    files.some((path) => brought(path, IMPORT).length > 0),
    "imports were found",
  );
});

test("what is opened when it is asked for lies in its room or on a lower floor, too", () => {
  const found = files.flatMap((path) =>
    brought(path, LATER)
      .filter((each) => isUpward(path, each))
      .map((each) => `${path} > ${each}`),
  );
  assert.deepEqual(found, []);
});

test("only the room of the map makes maps", () => {
  const makers = files
    .filter((path) => /^import (?!type\b)[^;]*"maplibre-gl"/m.test(read(path)))
    .map((path) => posix.dirname(path));
  assert.deepEqual([...new Set(makers)], ["map"]);
});

test("one file owns the map of a page", () => {
  const owners = files.filter((path) => /\bstartMap\b/.test(read(path)) && path !== "map/map-start.ts");
  assert.deepEqual(owners, ["map/page-map.ts"]);
});

test("no file imports itself by way of others", () => {
  const imports = new Map(files.map((path) => [path, [...brought(path, IMPORT), ...brought(path, LATER)]]));
  const done = new Set<string>();
  const walk = (path: string, way: readonly string[]): string | null => {
    if (way.includes(path)) return [...way.slice(way.indexOf(path)), path].join(" > ");
    if (done.has(path)) return null;
    for (const each of imports.get(path) ?? []) {
      const circle = walk(each, [...way, path]);
      if (circle !== null) return circle;
    }
    done.add(path);
    return null;
  };
  assert.deepEqual(
    files.map((path) => walk(path, [])).filter((circle) => circle !== null),
    [],
  );
});

test("what the server says is parsed and not cast", () => {
  const casts = files.filter(
    (path) => path !== "wire/calls.ts" && /\.json\(\)\)? as\b|\b(?:call|fetchJson|fetchDated)</.test(read(path)),
  );
  assert.deepEqual(casts, []);
});

test("state of a module that is written again is rare", () => {
  const top = files.flatMap((path) => [...read(path).matchAll(/^(?:export )?let /gm)].map(() => path));
  assert.ok(top.length <= 15, `${top.length}: ${[...new Set(top)].join(", ")}`);
});
