import assert from "node:assert/strict";
import { test } from "node:test";
import { answered, idToSend, isInVain, takeFound, unansweredId, waitedFor } from "../../src/live/request-ids.ts";
import type { RadioMessage } from "../../src/wire/messages.ts";

function message(id: string, more: Partial<RadioMessage> = {}): RadioMessage {
  return {
    id,
    kind: "text",
    channel: "base",
    operator: "somchai",
    created_at: "2026-11-24T02:30:00Z",
    expires_at: "2026-11-24T02:40:00Z",
    text: "hi",
    ...more,
  };
}

test("the same again goes under the same id until it is answered", () => {
  const first = idToSend("a", "text", "hi");
  assert.equal(idToSend("a", "text", "hi"), first);
  answered("a", first);
  assert.notEqual(idToSend("a", "text", "hi"), first);
});

test("other words, another kind or another unit are another message", () => {
  const ids = [
    idToSend("b", "text", "hi"),
    idToSend("c", "text", "hi"),
    idToSend("b", "alert", "hi"),
    idToSend("b", "alert", "ho"),
  ];
  assert.equal(new Set(ids).size, ids.length);
});

test("what is in the log has come, but not while its answer is waited for", () => {
  const id = idToSend("d", "text", "hi");
  const found = { sentAs: id, message: message("its own") };
  assert.equal(unansweredId("d"), null);
  assert.equal(takeFound("d", found), false);
  waitedFor(id);
  assert.equal(unansweredId("d"), id);
  assert.equal(takeFound("d", { ...found, sentAs: "other" }), false);
  assert.equal(takeFound("d", found), true);
  assert.notEqual(idToSend("d", "text", "hi"), id);
});

test("what ended unsent was in vain, what waits was not", () => {
  assert.equal(isInVain(message("e")), false);
  assert.equal(isInVain(message("e", { state: "sent", final: true })), false);
  assert.equal(isInVain(message("e", { state: "expired", final: true })), true);
});
