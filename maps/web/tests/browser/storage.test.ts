/** What storage holds is taken only where it is of the kind that the page knows. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { isOneOf, parseStorage } from "../../src/browser/storage.ts";

const isFormat = isOneOf(["decimal", "mgrs"]);

test("a value that the page knows is taken", () => {
  assert.equal(parseStorage('"mgrs"', isFormat), "mgrs");
});

test("what is missing, no JSON or of another version counts as nothing", () => {
  for (const text of [null, "", "{", "7", '"utm"', '["mgrs"]']) assert.equal(parseStorage(text, isFormat), null);
});
