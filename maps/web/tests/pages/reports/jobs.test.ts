/** Reports under way, while the line to the server breaks or the server is started anew. */
import assert from "node:assert/strict";
import { before, beforeEach, mock, test } from "node:test";
import { fault, jobs, look, looking, preview, requestReport } from "../../../src/pages/reports/jobs.ts";

let made = 0;
const job = (state = "making"): object => ({
  id: `j${made}`,
  report: "coverage",
  format: "html",
  asked_at: "2026-11-29T01:00:00Z",
  state,
});
let list: () => Response = () => Response.json([job()]);

before(() => {
  mock.timers.enable({ apis: ["setTimeout"] });
  Object.defineProperty(globalThis, "document", { value: { querySelector: () => null } });
  mock.method(globalThis, "fetch", async (path: string, { method = "GET" } = {}) => {
    if (method === "POST") {
      made += 1;
      return Response.json(job(), { status: 202 });
    }
    return path.endsWith("/file") ? new Response("<p>covered</p>") : list();
  });
});
beforeEach(async () => {
  list = () => Response.json([job()]);
  await requestReport({ report: "coverage" }, "look");
  assert.equal(looking.value, `j${made}`);
});

async function wait(ms: number): Promise<void> {
  mock.timers.tick(ms);
  for (let turn = 0; turn < 40; turn += 1) await Promise.resolve();
}

test("a line that broke for a moment ends no wait for a report", async () => {
  list = () => {
    throw new TypeError("network");
  };
  await wait(800);
  assert.notEqual(fault.value, null);
  list = () => Response.json([job("made")]);
  await wait(5000);
  assert.equal(preview.value, "<p>covered</p>");
  assert.deepEqual([looking.value, fault.value], [null, null]);
});

test("a report that a server started anew knows nothing of is waited for no longer", async () => {
  list = () => Response.json([]);
  await wait(800);
  assert.equal(looking.value, null, "else nothing could be asked for");
  assert.notEqual(fault.value, null);
});

test("an answer of before a report was asked for does not take it away", async () => {
  list = () => Response.json([job("made")]);
  await wait(800);
  list = () => Response.json([]);
  const early = look();
  await requestReport({ report: "coverage" }, "look");
  await early;
  assert.equal(looking.value, `j${made}`);
  list = () => Response.json([job("made")]);
  await wait(800);
  assert.equal(jobs.value[0]?.state, "made");
  assert.equal(looking.value, null);
});

test("who is signed out waits no longer", async () => {
  list = () => Response.json({ error: "unauthorised", message: "" }, { status: 401 });
  await wait(800);
  assert.equal(looking.value, null);
  assert.notEqual(fault.value, null);
});
