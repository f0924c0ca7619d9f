/** What the crew's page believes of itself: a phone that can keep nothing, answers that come late. */
import assert from "node:assert/strict";
import { mock, test } from "node:test";
import { knownToServer, notInAnswer } from "../../../src/pages/crew/outbox/patrol-steps.ts";
import type { Sos } from "../../../src/pages/crew/outbox/sos.ts";

// Nothing here has another tab, and a channel would keep the test from ending.
Reflect.deleteProperty(globalThis, "BroadcastChannel");

const T0 = Date.parse("2026-11-29T01:00:00Z");

test("a page that can keep nothing is locked all the same", async () => {
  mock.timers.enable({ apis: ["setTimeout"] }); // what can be read of no disk is tried again for ever
  const { lock, opened, track } = await import("../../../src/pages/crew/outbox/crew.ts");
  const { dataKey, newDataKey } = await import("../../../src/phone/encryption.ts");
  const data = await dataKey(newDataKey());
  opened.value = { profile: { id: "p" }, data, secret: data, key: null } as unknown as typeof opened.value;
  track.value = [[100.4, 20.27]];
  const warned = mock.method(console, "warn", () => undefined);
  await lock(); // there is no IndexedDB here, as on a phone that is full
  assert.equal(opened.value, null);
  assert.deepEqual(track.value, []);
  assert.equal(warned.mock.callCount(), 1);
  mock.timers.reset();
});

test("an answer of before a call for help does not end it", async () => {
  const { isCleared } = await import("../../../src/pages/crew/outbox/sos.ts");
  // Called without a network, taken a quarter of an hour later: an answer that was asked for a moment before may come
  // now.
  const call: Sos = { id: "s", at: T0, sendsAt: T0 + 5000, state: "taken", takenAt: T0 + 900_000 };
  assert.ok(!isCleared(call, T0 + 901_000));
  assert.ok(isCleared(call, T0 + 931_000), "the office has cleared it");
  assert.ok(!isCleared({ ...call, state: "waiting", takenAt: null }, T0 + 931_000));
  assert.ok(isCleared({ ...call, takenAt: null }, T0 + 31_000), "nobody saw when it was taken");
  assert.ok(!isCleared(null, T0));
  assert.ok(
    !isCleared({ ...call, takenAt: T0 + 7000 }, T0),
    "asked before the call, and heard when the page had slept for an hour",
  );
});

test("an answer takes back no step that was taken after it was asked for", () => {
  const before = {
    a: { state: "under way", checkedAt: 1, ids: [] },
    b: { state: "ended", ids: ["waits"] },
    c: { checkedAt: 5, ids: ["refused"] },
  };
  const told = knownToServer(before, (id) => id === "waits");
  assert.deepEqual(Object.keys(told), ["a", "c"], "the server knows these, or will not have them");
  assert.deepEqual(notInAnswer(before, told), { b: before.b });
  const checkedIn = { ...before, a: { state: "under way", checkedAt: 2, ids: [] } };
  assert.deepEqual(Object.keys(notInAnswer(checkedIn, told)), ["a", "b"], "a check-in meanwhile");
});

test("a locked phone learns the time from any answer", async () => {
  const { isoTime } = await import("../../../src/phone/server-clock.ts");
  const { sendReports } = await import("../../../src/phone/server.ts");
  const answer = (date: string): Response =>
    new Response('{"taken":[],"refused":[]}', { headers: { date, "content-type": "application/json" } });
  const fetched = mock.method(globalThis, "fetch", async () => answer("Sun, 29 Nov 2026 01:00:00 GMT"));
  const clock = mock.method(Date, "now", () => T0 - 600_000); // ten minutes slow
  await sendReports([], null);
  assert.equal(isoTime(), "2026-11-29T01:00:00.000Z");
  fetched.mock.mockImplementation(async () => answer("Sun, 29 Nov 2026 00:59:57 GMT"));
  await sendReports([], null);
  assert.equal(isoTime(), "2026-11-29T01:00:00.000Z", "a date is rough: it moves nothing by seconds");
  clock.mock.restore();
  fetched.mock.restore();
});
