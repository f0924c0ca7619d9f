/** Calls for help on a phone whose disk hangs. */
import assert from "node:assert/strict";
import { before, beforeEach, type Mock, mock, test } from "node:test";
import type { Profile } from "../../../src/phone/database.ts";

type Sos = typeof import("../../../src/pages/crew/outbox/sos.ts");

// Nothing here has another tab, and a channel would keep the test from ending.
Reflect.deleteProperty(globalThis, "BroadcastChannel");
// A database that is opened for ever.
class Hung extends EventTarget {}
Object.assign(globalThis, { IDBRequest: Hung, indexedDB: { open: () => new Hung() } });

const PROFILE = { id: "p", device: "phone", reporting_key: "k" } as unknown as Profile;
const T0 = Date.parse("2026-11-29T01:00:00Z");

let it: Sos;
let fetched: Mock<typeof fetch>;

before(async () => {
  mock.timers.enable({ apis: ["setTimeout", "Date"], now: T0 });
  mock.method(performance, "now", () => Date.now());
  fetched = mock.method(globalThis, "fetch", () => new Promise<Response>(() => undefined));
  it = await import("../../../src/pages/crew/outbox/sos.ts");
});

beforeEach(() => {
  it.sos.value = null;
});

/** Lets timers run for so long, and what they began. */
async function pass(ms: number): Promise<void> {
  for (let passed = 0; passed < ms; passed += 100) {
    for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
    mock.timers.tick(100);
  }
  for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
}

test("who presses again while nothing is to be seen calls once, five seconds after the first press", async () => {
  const first = it.callForHelp(PROFILE);
  await pass(1000);
  const second = it.callForHelp(PROFILE);
  await pass(3000);
  assert.equal(await first, false, "it is on no disk");
  assert.equal(await second, false);
  assert.equal(it.sos.value?.at, T0);
  await pass(3000);
  const sent = fetched.mock.calls.map(
    (each) => JSON.parse(String((each.arguments[1] as RequestInit).body)) as { reports: { id: string }[] },
  );
  assert.deepEqual(
    sent.map((each) => each.reports.map(({ id }) => id)),
    [[it.sos.value?.id]],
  );
});

test("who opens the page with a PIN still sees a call that no disk has", async () => {
  void it.callForHelp(PROFILE);
  await pass(3000);
  const call = it.sos.value;
  assert.ok(call !== null);
  void it.recall(PROFILE);
  it.sos.value = null; // as when the page was turned to another crew and back
  await pass(100);
  assert.equal((it.sos.value as typeof call | null)?.id, call.id);
});

test("a call can be called off though the disk hangs: then the word that it is over goes", async () => {
  it.sos.value = { id: "on-disk", at: Date.now(), sendsAt: Date.now() + 5000, state: "ready", takenAt: null };
  void it.callOff(PROFILE);
  await pass(5000);
  assert.equal(it.sos.value, null);
  assert.equal(it.ended.value?.state, "saying");
});
