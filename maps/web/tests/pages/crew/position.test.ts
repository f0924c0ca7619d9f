/** Phones whose clock is wrong, or is put right while the page is open. */
import assert from "node:assert/strict";
import { after, before, mock, test } from "node:test";
import type { Fix } from "../../../src/pages/crew/outbox/position.ts";

const HOUR_MS = 3_600_000;
const START_MS = Date.parse("2026-11-29T01:00:00Z");

type Heard = (found: { coords: Record<string, number | null>; timestamp: number }) => void;

let heard: Heard = () => assert.fail("the place is not watched");
const page = { addEventListener: () => undefined, visibilityState: "hidden" };
const geolocation = {
  watchPosition: (how: Heard) => {
    heard = how;
    return 1;
  },
  getCurrentPosition: () => undefined,
  clearWatch: () => undefined,
};

before(() => {
  mock.timers.enable({ apis: ["Date", "setInterval", "setTimeout"], now: START_MS });
  Object.defineProperty(globalThis, "document", { value: page, configurable: true });
  Object.defineProperty(navigator, "geolocation", { value: geolocation, configurable: true });
});
after(() => mock.timers.reset());

/** The receiver tells a place as the phone's clock has it. */
async function place(lat: number): Promise<void> {
  heard({
    coords: { longitude: 100.4, latitude: lat, accuracy: 9, speed: 0, heading: null, altitude: null },
    timestamp: Date.now(),
  });
  for (let turn = 0; turn < 5; turn += 1) await Promise.resolve();
}

test("a phone whose clock is put back by an hour goes on telling where it is", async () => {
  const { fix, pinging, startPositions } = await import("../../../src/pages/crew/outbox/position.ts");
  const told: Fix[] = [];
  startPositions(async (where) => {
    told.push(where);
  });
  pinging.value = true;
  await place(20.27);
  assert.equal(told.length, 1);
  mock.timers.setTime(START_MS - HOUR_MS);
  await place(20.28);
  assert.equal(fix.value?.lat, 20.28, "it knows where it is");
  assert.deepEqual(
    told.map((each) => each.lat),
    [20.27, 20.28],
  );
  mock.timers.setTime(START_MS - HOUR_MS + 15_000);
  await place(20.28);
  assert.equal(told.length, 2, "at rest, and no more often than before");
  pinging.value = false;
});
