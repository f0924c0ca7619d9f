/** How work that fails is tried again. */
import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";
import { type RetryLoop, retryLoop } from "../../../src/pages/crew/outbox/retry-loop.ts";

beforeEach(() => mock.timers.enable({ apis: ["setTimeout"] }));
afterEach(() => mock.timers.reset());

/** Lets timers run for so long, and what they began. */
async function pass(ms: number): Promise<void> {
  mock.timers.tick(ms);
  for (let turn = 0; turn < 10; turn += 1) await Promise.resolve();
}

function counted(act: (went: () => void) => Promise<number>): { it: RetryLoop; tries: () => number } {
  let tries = 0;
  const it = retryLoop(
    (went) => {
      tries += 1;
      return act(went);
    },
    () => 0,
  );
  return { it, tries: () => tries };
}

test("what fails is tried later and later, at once when asked to, and at its turn after that", async () => {
  let fails = true;
  const { it, tries } = counted(async () => {
    if (fails) throw new Error("no network");
    return 0;
  });
  it.hurry();
  await pass(0);
  assert.equal(tries(), 1);
  it.nudge();
  await pass(0);
  assert.equal(tries(), 1, "it is not its turn");
  await pass(1000);
  assert.equal(tries(), 2);
  await pass(1000);
  assert.equal(tries(), 2, "twice as long");
  it.hurry();
  await pass(0);
  assert.equal(tries(), 3);
  fails = false;
  await pass(1000);
  assert.equal(tries(), 4);
  await pass(60_000);
  assert.equal(tries(), 4, "there is no more");
  it.nudge();
  await pass(0);
  assert.equal(tries(), 5);
});

test("who asks while it is at work does not wait for the next try of what failed", async () => {
  let fail: (fault: Error) => void = () => undefined;
  const { it, tries } = counted(
    () =>
      new Promise((_, reject) => {
        fail = reject;
      }),
  );
  it.hurry();
  await pass(0);
  assert.equal(tries(), 1);
  fail(new Error("no network"));
  it.hurry(); // before that is known
  for (let turn = 0; turn < 10; turn += 1) await Promise.resolve();
  assert.ok(!it.busy.value);
  await pass(0);
  assert.equal(tries(), 2);
});

test("there is one at a time, and all of it is over before it is idle", async () => {
  let end: (wait: number) => void = () => undefined;
  const { it, tries } = counted(
    () =>
      new Promise((resolve) => {
        end = resolve;
      }),
  );
  it.hurry();
  await pass(0);
  assert.ok(it.busy.value);
  it.hurry();
  await pass(0);
  assert.equal(tries(), 1);
  let idle = false;
  void it.idle().then(() => {
    idle = true;
  });
  await pass(0);
  assert.ok(!idle);
  end(30_000);
  await pass(0);
  assert.ok(idle && !it.busy.value);
  await pass(50);
  assert.equal(tries(), 2, "what was asked for meanwhile is done right after it");
});
