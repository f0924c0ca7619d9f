/** Machines whose clock is wrong, or is put right while the page is open. */
import assert from "node:assert/strict";
import { before, mock, test } from "node:test";
import { type LiveStatus, LiveStream } from "../../src/live/live.ts";
import type { UnitState } from "../../src/wire/units.ts";

const HOUR_MS = 3_600_000;
/** The server's time as the page opens. */
const T0 = Date.parse("2026-11-29T01:00:00Z");
const iso = (ms: number): string => new Date(ms).toISOString();

/** What this machine's clock says: a day and more ahead. */
let wall = T0 + 30 * HOUR_MS;
before(() => {
  mock.method(Date, "now", () => wall);
  mock.timers.enable({ apis: ["setInterval", "setTimeout"] });
});

class Socket {
  readyState = 1;
  closed = false;
  onmessage: ((event: { data: string }) => void) | null = null;
  close(): void {
    this.closed = true;
  }
  say(frame: object): void {
    this.onmessage?.({ data: JSON.stringify(frame) });
  }
}
const snapshot = (units: UnitState[] = []): object => ({ type: "snapshot", stream: "s", seq: 1, time: iso(T0), units });

test("what comes first is judged by the server's time, however wrong this machine's is", async () => {
  const socket = new Socket();
  Object.defineProperty(globalThis, "location", { value: { protocol: "https:", host: "test" } });
  Object.defineProperty(globalThis, "WebSocket", {
    value: function WebSocket() {
      return socket;
    },
  });
  mock.method(globalThis, "fetch", async () => Response.json({ type: "FeatureCollection", features: [] }));
  const { live } = await import("../../src/live/signals.ts");
  const { unread } = await import("../../src/live/radio-texts.ts");
  live.start();
  socket.say(
    snapshot([{ id: "u1", call_sign: "Naga 1", agency: "la", text: "engine on fire", text_at: iso(T0 - 60_000) }]),
  );
  assert.deepEqual(
    unread.value.map((each) => each.text),
    ["engine on fire"],
  );
  live.stop();
});

test("a clock that is put back by an hour hides no silence, and what is dead is given up", () => {
  const sockets: Socket[] = [];
  const told: LiveStatus[] = [];
  const stream = new LiveStream({
    url: "ws://test/api/live",
    open: () => sockets[sockets.push(new Socket()) - 1] as unknown as WebSocket,
    receiver: {
      snapshot: () => undefined,
      change: () => undefined,
      serverTime: () => undefined,
      status: (status) => told.push(status),
    },
  });
  stream.start();
  sockets[0]?.say(snapshot());
  wall -= HOUR_MS;
  for (let n = 0; n < 6; n += 1) {
    stream.check();
    wall += 1000;
  }
  assert.equal(told.at(-1)?.stale, true, "nothing came for five seconds");
  wall += 5000;
  stream.check();
  assert.equal(sockets[0]?.closed, true);
  stream.stop();
});

test("the present does not go back with the clock", async () => {
  const { now, startClock } = await import("../../src/session/clock.ts");
  startClock();
  const before = now.value;
  wall -= HOUR_MS;
  mock.timers.tick(1000);
  assert.ok(now.value >= before, `${iso(before)} ${iso(now.value)}`);
});

test("ten minutes of quiet are ten minutes, though the clock is put back meanwhile", async () => {
  const { keepQuiet, quietLeft } = await import("../../src/live/bell.ts");
  keepQuiet(10);
  wall -= HOUR_MS / 2;
  assert.ok(quietLeft() > 0 && quietLeft() <= 600_000, String(quietLeft()));
  wall += 600_001;
  assert.equal(quietLeft(), 0);
});
