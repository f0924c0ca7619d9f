import assert from "node:assert/strict";
import { test } from "node:test";
import type { RadioMessage, Route } from "../src/contract.ts";
import { isOnItsWay, newId, wayFor } from "../src/messages.ts";

const AT = Date.parse("2026-11-24T02:30:00Z");

function message(more: Partial<RadioMessage>): RadioMessage {
  return {
    id: "m", kind: "text", channel: "base", operator: "somchai", created_at: "2026-11-24T02:30:00Z",
    expires_at: "2026-11-24T02:40:00Z", history: [{ state: "queued", at: "2026-11-24T02:30:00Z" }], ...more,
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
