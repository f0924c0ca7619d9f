import assert from "node:assert/strict";
import { test } from "node:test";
import { actsOf, inOrder, isKnownState, rings, standing } from "../../src/live/alerts.ts";
import type { Alert, AlertState } from "../../src/wire/documents.ts";

const at = "2026-11-25T01:00:00Z";
const alert = (id: string, more: Partial<Alert> = {}): Alert => ({
  kind: "alert",
  id,
  agency: "la",
  at,
  rule: "no_go",
  subject: id,
  severity: "high",
  raised_at: at,
  ...more,
});

test("calls for help come first, then what waits, then what is known, then what is put aside", () => {
  const found = inOrder(
    [
      alert("known", { state: "acknowledged" }),
      alert("shelved", { state: "shelved" }),
      alert("low", { severity: "low" }),
      alert("gone", { state: "returned_unacknowledged" }),
      alert("old", { historical: true, severity: "sos" }),
      alert("newer", { raised_at: "2026-11-25T01:05:00Z" }),
      alert("high"),
      alert("sos known", { severity: "sos", state: "acknowledged" }),
    ],
    "la",
  );
  assert.deepEqual(
    found.map((each) => each.id),
    ["sos known", "newer", "high", "low", "gone", "known", "old", "shelved"],
  );
});

test("what others answer comes after one's own, but for calls for help", () => {
  const theirs = { agency: "th" };
  const found = inOrder(
    [
      alert("theirs", theirs),
      alert("ours", { severity: "low" }),
      alert("ours known", { state: "acknowledged" }),
      alert("their call", { ...theirs, severity: "sos" }),
    ],
    "la",
  );
  assert.deepEqual(
    found.map((each) => each.id),
    ["their call", "ours", "theirs", "ours known"],
  );
});

test("others can be told of what rings as long as somebody is left to tell", () => {
  const later = { escalates_at: "2026-11-25T01:05:00Z" };
  assert.deepEqual(actsOf(alert("a", later)), ["acknowledge", "escalate", "shelve", "resolve"]);
  assert.deepEqual(actsOf(alert("a", { ...later, state: "escalated", severity: "sos" })), [
    "acknowledge",
    "escalate",
    "resolve",
  ]);
  assert.ok(!actsOf(alert("a")).includes("escalate"));
  assert.ok(!actsOf(alert("a", { ...later, historical: true })).includes("escalate"));
  assert.ok(!actsOf(alert("a", { ...later, state: "acknowledged" })).includes("escalate"));
});

test("a state that is absent is the first one, and rings", () => {
  assert.ok(rings(alert("a")));
  assert.ok(rings(alert("a", { state: "escalated" })));
  for (const state of ["acknowledged", "shelved", "returned_unacknowledged", "settled"] as const)
    assert.ok(!rings(alert("a", { state })), state);
});

test("what only late reports told of is quiet", () => {
  const late = alert("a", { historical: true });
  assert.ok(!rings(late));
  assert.equal(standing(late), "aside");
  assert.deepEqual(actsOf(late), ["acknowledge", "shelve", "resolve"]);
});

test("a call for help cannot be put aside, what is settled needs nobody", () => {
  assert.deepEqual(actsOf(alert("a", { severity: "sos" })), ["acknowledge", "resolve"]);
  assert.deepEqual(actsOf(alert("a", { state: "settled" })), []);
  assert.deepEqual(actsOf(alert("a", { state: "shelved" })), ["unshelve", "resolve"]);
});

test("an alert in a state that this page does not know waits for somebody, and a call for help rings", () => {
  const state = "delegated" as AlertState;
  const [plain, sos] = [alert("a", { state }), alert("b", { state, severity: "sos" })];
  assert.equal(isKnownState(plain), false);
  assert.deepEqual([standing(plain), rings(plain)], ["waiting", false]);
  assert.deepEqual([standing(sos), rings(sos)], ["waiting", true]);
  assert.deepEqual(actsOf(plain), ["acknowledge", "shelve", "resolve"]);
  assert.deepEqual(actsOf(sos), ["acknowledge", "resolve"]);
  assert.deepEqual(
    inOrder([plain, sos], "la").map((each) => each.id),
    ["b", "a"],
  );
  assert.equal(isKnownState(alert("c", { state: "constructor" as AlertState })), false);
});
