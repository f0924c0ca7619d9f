import assert from "node:assert/strict";
import { test } from "node:test";
import type { UnitState } from "../../src/wire/units.ts";
import { unitName } from "../../src/words/unit-name.ts";

test("a unit is named by its call sign, and never by its id", () => {
  const units: UnitState[] = [{ id: "5e1f", call_sign: "Naga 1", agency: "la" }];
  assert.equal(unitName("5e1f", units, "a unit"), "Naga 1");
  assert.equal(unitName("5e1f", null, "a unit"), "a unit", "while they are loading");
  assert.equal(unitName("77aa", units, "a unit"), "a unit");
  assert.equal(unitName("ais:531000101", null, "a unit"), "ais:531000101");
});
