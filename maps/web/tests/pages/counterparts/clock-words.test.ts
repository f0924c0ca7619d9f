/** A difference of clocks is said no finer than it was measured. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { clockWords } from "../../../src/pages/counterparts/clock-words.ts";

const said = (difference_s: number, error_s: number): string =>
  Object.values(clockWords({ difference_s, error_s })).join(" ± ");

test("a thin link measures coarsely", () => {
  assert.equal(said(1.234, 0.04), "+1.23 ± 0.04");
  assert.equal(said(-61.27, 0.4), "-61.3 ± 0.4");
  assert.equal(said(603.9, 2.4), "+604 ± 3");
});

test("what rounds to nothing has no sign", () => {
  assert.equal(said(-0.004, 0.01), "0.00 ± 0.01");
  assert.equal(said(0.2, 3), "0 ± 3");
  assert.equal(said(0, 0.0012), "0.00 ± 0.01");
  assert.equal(said(0, 0), "0.00 ± 0.00");
});
