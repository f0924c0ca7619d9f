/** What a parser takes, what it refuses and which field it names; what a call tells of an answer that is not as expected. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { CallError, fetchJson, setProofPrompt } from "../../src/wire/calls.ts";
import { FeatureCollection, geometryOf } from "../../src/wire/geojson.ts";
import * as parser from "../../src/wire/parser.ts";

const { figure, listOf, Misfit, moment, nullable, object, optional, recordOf, text, withDefault } = parser;
const Boat = object({ id: text, speed_mps: optional(figure), owner: nullable(text), seen: optional(nullable(moment)) });

function pathOf(run: () => unknown): string {
  try {
    run();
  } catch (fault) {
    if (fault instanceof Misfit) return `${fault.path.join(".")}: ${fault.expected}`;
    throw fault;
  }
  return "none";
}

test("the very object comes back where all is well, with the fields that nobody knows", () => {
  const boat = { id: "naga", owner: null, flag: "LA" };
  assert.equal(Boat(boat), boat);
});

test("null stands for an absent field only where the field itself may not be null", () => {
  assert.deepEqual(Boat({ id: "naga", owner: null, speed_mps: null, seen: null }), {
    id: "naga",
    owner: null,
    seen: null,
  });
  assert.deepEqual(Boat({ id: "naga" }), { id: "naga", owner: null });
  assert.deepEqual(object({ n: withDefault(figure, 3) })({}), { n: 3 });
});

test("a field that is wrong is named from the outermost on", () => {
  const fleet = object({ fleets: recordOf(listOf(Boat)) });
  assert.equal(
    pathOf(() => fleet({ fleets: { la: [{ id: "a" }, { id: 7 }] } })),
    "fleets.la.1.id: text",
  );
  assert.equal(
    pathOf(() => Boat({ id: "a", seen: "1970" })),
    "none",
  );
  assert.equal(
    pathOf(() => Boat({ id: "a", seen: "soon" })),
    "seen: a time",
  );
  assert.equal(
    pathOf(() => Boat({ id: "a", speed_mps: Number.NaN })),
    "speed_mps: a number",
  );
  assert.equal(
    pathOf(() => Boat([])),
    ": an object",
  );
});

test("geometries are as deep as their kind", () => {
  const line = geometryOf("LineString");
  assert.equal(
    pathOf(() => line({ type: "LineString", coordinates: [[100, 20]] })),
    "none",
  );
  assert.equal(
    pathOf(() => line({ type: "LineString", coordinates: [100, 20] })),
    ": coordinates of a LineString",
  );
  assert.equal(
    pathOf(() => line({ type: "Point", coordinates: [100, 20] })),
    ": LineString",
  );
  const features = [{ type: "Feature", properties: null, geometry: { type: "Point", coordinates: [1, "2"] } }];
  assert.match(
    pathOf(() => FeatureCollection({ type: "FeatureCollection", features })),
    /^features\.0\.geometry: /,
  );
});

test("an answer that cannot be read is a failed call that names route and field", async (context) => {
  context.mock.method(console, "error", () => undefined);
  const answers: [Response, string][] = [
    [Response.json([{ id: "a" }, {}]), "GET /api/boats: 1.id: text expected"],
    [new Response("<html>"), "GET /api/boats: JSON expected"],
  ];
  for (const [answer, message] of answers) {
    context.mock.method(globalThis, "fetch", async () => answer);
    await assert.rejects(fetchJson("/api/boats?secret=1", listOf(Boat)), (fault) => {
      assert.ok(fault instanceof CallError);
      assert.deepEqual([fault.slug, fault.message], ["unreadable_answer", message]);
      return true;
    });
  }
});

test("an act that asks for a proof is tried again once it was shown, and else refused", async (context) => {
  let shown = true;
  setProofPrompt(async () => shown);
  const answers = [Response.json({ error: "proof_needed", message: "" }, { status: 403 }), Response.json([])];
  context.mock.method(globalThis, "fetch", async () => answers.shift());
  assert.deepEqual(await fetchJson("/api/boats", listOf(Boat)), []);
  shown = false;
  answers.push(Response.json({ error: "proof_needed", message: "" }, { status: 403 }));
  await assert.rejects(fetchJson("/api/boats", listOf(Boat)), { slug: "proof_needed" });
});
