import assert from "node:assert/strict";
import { mock, test } from "node:test";
import { LayersAgain } from "../../src/map/layer-retry.ts";

test("a layer that could not be read is read again, after longer pauses, and once for many complaints", () => {
  mock.timers.enable({ apis: ["setTimeout"] });
  const read: string[] = [];
  const again = new LayersAgain((layer) => read.push(layer));
  for (let n = 0; n < 5; n += 1) again.failed("borders");
  mock.timers.tick(10_000);
  assert.deepEqual(read, ["borders"]);
  again.failed("borders");
  mock.timers.tick(10_000);
  assert.deepEqual(read, ["borders"], "not as soon again");
  mock.timers.tick(10_000);
  assert.deepEqual(read, ["borders", "borders"]);
  for (let n = 0; n < 20; n += 1) {
    again.failed("borders");
    mock.timers.tick(600_000);
  }
  assert.equal(read.length, 22, "within ten minutes, however long it lasts");
});
