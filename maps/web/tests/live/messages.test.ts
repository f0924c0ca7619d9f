import assert from "node:assert/strict";
import { test } from "node:test";
import { isOnItsWay, wayFor } from "../../src/live/messages.ts";
import { pruned } from "../../src/live/read-marks.ts";
import { newId } from "../../src/live/request-ids.ts";
import { newTexts, type RadioText, waitingOn } from "../../src/live/unread-radio-texts.ts";
import type { RadioMessage, Route } from "../../src/wire/messages.ts";
import type { UnitState } from "../../src/wire/units.ts";
import { refusedWords } from "../../src/words/faults.ts";
import { learn, speak } from "../../src/words/index.ts";

const AT = Date.parse("2026-11-24T02:30:00Z");

function message(more: Partial<RadioMessage>): RadioMessage {
  return {
    id: "m",
    kind: "text",
    channel: "base",
    operator: "somchai",
    created_at: "2026-11-24T02:30:00Z",
    expires_at: "2026-11-24T02:40:00Z",
    history: [{ state: "queued", at: "2026-11-24T02:30:00Z" }],
    ...more,
  };
}

function route(channel: string, ...takes: Route["takes"] & object): Route {
  return { address: "plain:101", channel, heard_at: "2026-11-24T02:30:00Z", takes };
}

test("a message is on its way until it is done with", () => {
  assert.equal(isOnItsWay(message({}), AT), true);
  assert.equal(isOnItsWay(message({ state: "sent" }), AT + 3_600_000), true);
  assert.equal(isOnItsWay(message({ state: "failed", final: true }), AT), false);
});

test("an answer may still come to what was sent a moment ago", () => {
  const sent = message({ state: "sent", final: true, history: [{ state: "sent", at: "2026-11-24T02:30:00Z" }] });
  assert.equal(isOnItsWay(sent, AT + 30_000), true);
  assert.equal(isOnItsWay(sent, AT + 120_000), false);
});

test("the way is the first that takes that kind", () => {
  const routes = [route("pier"), route("base", "text"), route("mesh", "text", "poll")];
  assert.equal(wayFor("text", routes)?.channel, "base");
  assert.equal(wayFor("poll", routes)?.channel, "mesh");
  assert.equal(wayFor("alert", routes), null);
});

test("no two ids are the same, and each is one the server takes", () => {
  const ids = new Set(Array.from({ length: 100 }, newId));
  assert.equal(ids.size, 100);
  for (const id of ids) assert.match(id, /^[A-Za-z0-9_-]{8,64}$/);
});

function wrote(more: Partial<UnitState> = {}): UnitState {
  return { id: "u1", call_sign: "Naga 1", agency: "la", text: "fog here", text_at: "2026-11-24T02:30:00Z", ...more };
}

test("a text is news once, the same words later are another, and what was read is none", () => {
  const first = newTexts([], [wrote()], {}, AT);
  assert.deepEqual(first, [{ unit: "u1", at: "2026-11-24T02:30:00Z", text: "fog here", phrase: null }]);
  assert.deepEqual(newTexts(first, [wrote()], {}, AT), []);
  assert.equal(newTexts(first, [wrote({ text_at: "2026-11-24T02:31:00Z" })], {}, AT).length, 1);
  assert.deepEqual(newTexts([], [wrote()], { u1: "2026-11-24T02:30:00Z" }, AT), []);
  assert.equal(newTexts([], [wrote()], { u2: "2026-11-24T02:30:00Z" }, AT).length, 1);
});

test("words without a time of their own and those of yesterday are no news", () => {
  const { text_at: _, ...plain } = wrote();
  assert.deepEqual(newTexts([], [plain, wrote({ text: null })], {}, AT), []);
  assert.deepEqual(newTexts([], [wrote()], {}, AT + 13 * 3600e3), []);
});

test("of too many marks of reading the newest stay", () => {
  const marks = Object.fromEntries(
    Array.from({ length: 600 }, (_, i) => [`u${i}`, new Date(AT + i * 1000).toISOString()]),
  );
  const left = pruned(marks);
  assert.equal(Object.keys(left).length, 500);
  assert.ok("u599" in left && !("u0" in left));
});

test("a refusal is told in the reader's words where there are some, else by its sort and what the server said", () => {
  Object.assign(globalThis, { document: { documentElement: {} } });
  learn({
    "fault.call_sign_taken": "TAKEN {name}",
    "fault.conflict": "CONFLICT",
    "fault.told": "{sort} ({message})",
    "fault.store_down": "DOWN",
    "refusal.too_long": "LONG",
    "fault.other": "OTHER",
  });
  const said = (slug: string, message: string, code?: string): string =>
    refusedWords({ slug, message, code, values: { name: "Naga 1" } });
  assert.equal(said("conflict", "there is one", "call_sign_taken"), "TAKEN Naga 1");
  assert.equal(said("cannot_send", "60 characters", "too_long"), "LONG");
  assert.equal(said("conflict", "there is one"), "there is one");
  speak("lo");
  assert.equal(said("conflict", "there is one"), "CONFLICT (there is one)");
  assert.equal(said("store_down", "the store"), "DOWN");
  assert.equal(said("no_such_sort", ""), "OTHER");
  speak("en");
});

test("of a unit that writes for days while nobody reads the newest texts wait, and all of the others", () => {
  const said = (unit: string, n: number): RadioText => ({
    unit,
    at: new Date(AT + n * 1000).toISOString(),
    text: String(n),
    phrase: null,
  });
  const left = waitingOn([said("quiet", 0), ...Array.from({ length: 500 }, (_, n) => said("loud", n))]);
  assert.equal(left.length, 21);
  assert.deepEqual([left[0]?.unit, left[1]?.text, left.at(-1)?.text], ["quiet", "480", "499"]);
});
