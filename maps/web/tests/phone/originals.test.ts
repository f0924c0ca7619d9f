/** When a camera's own file goes. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { isGood } from "../../src/phone/originals.ts";

test("megabytes go over a link that is known to carry them, or of which nothing bad is known", () => {
  assert.ok(isGood(undefined, null));
  assert.ok(isGood({ effectiveType: "4g" }, null));
  assert.ok(isGood({ effectiveType: "3g" }, 500_000), "what was measured counts before what the browser supposes");
});

test("they wait on a slow link, and where the crew asked to save data", () => {
  assert.ok(!isGood({ effectiveType: "2g" }, null));
  assert.ok(!isGood({ effectiveType: "4g" }, 9_000));
  assert.ok(!isGood({ saveData: true, effectiveType: "4g" }, 500_000));
});
