import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { after, before, test } from "node:test";
import { fetchPart } from "../../../src/pages/replay/reel/requests.ts";
import { CallError } from "../../../src/wire/calls.ts";

/** What the server answers next, first to last; then that all is well. */
const answers: { status: number; error: string; again: string }[] = [];
let asked = 0;
const server = createServer((_, response) => {
  asked += 1;
  const { status, error, again } = answers.shift() ?? { status: 200, error: "", again: "" };
  response.writeHead(status, { "content-type": "application/json", ...(again ? { "retry-after": again } : {}) });
  response.end(JSON.stringify(error ? { error, message: "x" } : { units: [] }));
});
let url = "";
before(async () => {
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
});
after(() => server.close());

test("who is told that the server is busy asks again, and gets the answer", async () => {
  asked = 0;
  answers.push(
    { status: 503, error: "replay_busy", again: "0" },
    { status: 429, error: "too_many_replays", again: "0" },
  );
  assert.deepEqual(await (await fetchPart(url)).json(), { units: [] });
  assert.equal(asked, 3);
});

test("it waits as long as it is told, and not for ever", async () => {
  answers.push({ status: 429, error: "too_many_replays", again: "1" });
  const began = Date.now();
  await fetchPart(url);
  assert.ok(Date.now() - began >= 700);
  answers.push({ status: 503, error: "replay_busy", again: "1" });
  await assert.rejects(
    fetchPart(url, { longestMs: 100 }),
    (fault: unknown) => fault instanceof CallError && fault.slug === "replay_busy",
  );
});

test("any other refusal is told at once, and who stops asks no more", async () => {
  for (const error of ["not_found", "store_down"]) {
    asked = 0;
    answers.push({ status: error === "not_found" ? 404 : 503, error, again: "0" });
    await assert.rejects(fetchPart(url), (fault: unknown) => fault instanceof CallError && fault.slug === error);
    assert.equal(asked, 1);
  }
  const stop = new AbortController();
  answers.push({ status: 503, error: "replay_busy", again: "60" });
  const asking = fetchPart(url, { stop: stop.signal });
  setTimeout(() => stop.abort(), 50);
  await assert.rejects(asking, (fault: unknown) => fault instanceof Error && fault.name === "AbortError");
});
