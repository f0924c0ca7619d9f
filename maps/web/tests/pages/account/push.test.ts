/** Who changes the own password goes on taking notifications in the browser in which that is done. */
import assert from "node:assert/strict";
import { test } from "node:test";

const asked: string[] = [];
let listed = [{ id: "old", label: "office", since: "2026-11-29T01:00:00Z" }];
const json = (value: unknown, status = 200): Response =>
  new Response(JSON.stringify(value), { status, headers: { "content-type": "application/json" } });

globalThis.fetch = async (input, init): Promise<Response> => {
  asked.push(`${init?.method ?? "GET"} ${String(input)} ${String(init?.body ?? "")}`.trim());
  if (String(input) !== "/api/deliveries/browsers") return new Response(null, { status: 204 });
  if (init?.method !== "POST") return json(listed);
  listed = [{ id: "new", label: "office", since: "2026-11-29T01:00:01Z" }];
  return json(listed[0], 201);
};
const made = { toJSON: () => ({ endpoint: "https://push.example/1", keys: { p256dh: "p", auth: "a" } }) };
Object.defineProperty(globalThis, "navigator", {
  value: { serviceWorker: { getRegistration: async () => ({ pushManager: { getSubscription: async () => made } }) } },
});

const { keepOver, ownId, turns } = await import("../../../src/pages/account/push.ts");
const { call } = await import("../../../src/wire/calls.ts");
const { nothing } = await import("../../../src/wire/parser.ts");
const change = (): Promise<unknown> => call("PUT", "/api/session/password", nothing, {});

test("this browser subscribes again once the password is changed", async () => {
  ownId.value = "old";
  await keepOver(change);
  assert.equal(ownId.value, "new");
  assert.equal(turns.value, 1);
  assert.match(asked[1] ?? "", /^PUT \/api\/session\/password/);
  assert.match(asked[2] ?? "", /^POST .*push\.example\/1.*"label":"office"/);
});

test("one that took none, or another's, is not subscribed", async () => {
  for (const own of ["", "of another who signed in here"]) {
    ownId.value = own;
    asked.length = 0;
    await keepOver(change);
    assert.equal(
      asked.some((each) => each.startsWith("POST")),
      false,
    );
  }
});
