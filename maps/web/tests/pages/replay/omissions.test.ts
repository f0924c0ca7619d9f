import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { leftOutFor, leftOutOf } from "../../../src/pages/replay/reel/omissions.ts";

test("who may not see something is told before that the file will not hold it", () => {
  assert.deepEqual(
    leftOutFor(() => true),
    [],
  );
  assert.deepEqual(
    leftOutFor((act) => act === "see what a radio sent"),
    ["replay.left_out.journal_role"],
  );
  assert.deepEqual(
    leftOutFor(() => false),
    ["replay.left_out.sent_role", "replay.left_out.journal_role"],
  );
});

test("all that a server may leave out has words here", () => {
  const source = readFileSync(new URL("../../../../evidence/evidence_file.py", import.meta.url), "utf8");
  const told = [...(/^LeftOut = Literal\[\n(.*?)^\]/ms.exec(source)?.[1] ?? "").matchAll(/"(.+)"/g)].map(
    ([, text]) => text ?? "",
  );
  assert.ok(told.length >= 6);
  const found = leftOutOf(new Headers({ "left-out": told.join(", ") }));
  assert.deepEqual(
    found.map(({ text }) => text),
    told,
  );
  assert.equal(new Set(found.map(({ words }) => words)).size, told.length);
  assert.ok(found.every(({ words }) => words !== null));
  assert.deepEqual(leftOutOf(new Headers()), []);
  assert.deepEqual(leftOutOf(new Headers({ "left-out": "papers: of a kind to come" })), [
    { words: null, text: "papers: of a kind to come" },
  ]);
});
