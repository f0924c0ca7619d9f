/** In whose turn a phone of several crews sends. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { forEach, keyFor, sendableRanks } from "../../src/phone/send-order.ts";
import { Failure } from "../../src/phone/server.ts";

const crews = [{ id: "here" }, { id: "left" }, { id: "other" }];

async function tried(
  active: string,
  faults: Readonly<Record<string, Failure>>,
): Promise<{ ids: string[]; thrown: unknown }> {
  const ids: string[] = [];
  try {
    await forEach(crews, active, async ({ id }) => {
      ids.push(id);
      if (faults[id] !== undefined) throw faults[id];
    });
    return { ids, thrown: null };
  } catch (thrown) {
    return { ids, thrown };
  }
}

test("a crew whose key is revoked holds up nobody else's call for help, and not the page of another crew", async () => {
  assert.deepEqual(await tried("here", { left: new Failure(401, "") }), {
    ids: ["here", "left", "other"],
    thrown: null,
  });
});

test("whose page it is is told to be shut out, after the others had their turn", async () => {
  const fault = new Failure(403, "");
  assert.deepEqual(await tried("here", { here: fault }), { ids: ["here", "left", "other"], thrown: fault });
});

test("without an answer nobody else waits for one", async () => {
  const fault = new Failure(0, "");
  assert.deepEqual(await tried("other", { here: fault }), { ids: ["here"], thrown: fault });
});

test("a locked phone sends positions and calls for help, whatever else waits", () => {
  const phone = { device: "naga-1-phone", reporting_key: "only-reports" };
  assert.deepEqual(sendableRanks(phone, null), [0, 3]);
  assert.equal(keyFor(phone, null, 3), "only-reports");
  assert.deepEqual(sendableRanks(phone, { key: "whole" }), [0, 1, 2, 3, 4]);
  assert.equal(keyFor(phone, { key: "whole" }, 1), "whole");
  assert.deepEqual(
    sendableRanks({ device: null, reporting_key: null }, null),
    [0, 1, 2, 3, 4],
    "who signed in has a cookie",
  );
});
