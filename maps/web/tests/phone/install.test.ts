/** How a page turns to a newer one that was brought beside it. */
import assert from "node:assert/strict";
import { after, before, mock, test } from "node:test";
import { installUpdate, keepPage, newer } from "../../src/phone/install.ts";

const heard: string[] = [];
const worker = {
  state: "installed",
  postMessage: (told: string) => {
    heard.push(told);
  },
};
const found = { waiting: worker, addEventListener: () => undefined, update: async () => undefined };
const workers = {
  controller: {},
  ready: Promise.resolve(found),
  register: async () => found,
  addEventListener: () => undefined,
};
const reload = mock.fn();

before(async () => {
  mock.timers.enable({ apis: ["setInterval"] });
  Object.defineProperty(navigator, "serviceWorker", { value: workers, configurable: true });
  Object.assign(globalThis, { addEventListener: () => undefined, location: { reload } });
  await keepPage("/crew");
});
after(() => mock.timers.reset());

test("a newer worker is told to take over, and the page is read anew once it has", () => {
  assert.ok(newer.value);
  installUpdate();
  assert.deepEqual(heard, ["take over"]);
  assert.equal(reload.mock.callCount(), 0, "not before");
});

test("where another tab has turned to it already the page is read anew at once", () => {
  worker.state = "activated";
  installUpdate();
  assert.equal(reload.mock.callCount(), 1);
});
