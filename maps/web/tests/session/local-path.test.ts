import assert from "node:assert/strict";
import { test } from "node:test";
import { localPath } from "../../src/session/local-path.ts";

const here = "https://node.example";

test("a path of this server is followed with its query and fragment", () => {
  assert.equal(localPath("/replay?start=1#x", here), "/replay?start=1#x");
});

test("nothing leads to another server, however it is written", () => {
  for (const next of [
    "//evil.example/x",
    "/\\evil.example",
    "/\t/evil.example",
    "/\n/evil.example",
    "https://evil.example",
    "javascript:alert(1)",
    "",
    null,
  ]) {
    const to = localPath(next, here);
    assert.ok(to === null || new URL(to, here).origin === here, String(next));
    assert.ok(to === null || !to.includes("evil.example") || to.startsWith("/evil"), String(next));
  }
  assert.equal(localPath("/\t/evil.example/x", here), null);
});
