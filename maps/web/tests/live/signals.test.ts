/** The page's picture and what it fetches beside the stream. */
import assert from "node:assert/strict";
import { before, mock, test } from "node:test";
import type { LiveFrame } from "../../src/wire/stream.ts";
import type { UnitState } from "../../src/wire/units.ts";

const T0 = Date.parse("2026-11-29T01:00:00Z");
const unit = (n: number): UnitState => ({
  id: `u${n}`,
  call_sign: `Naga ${n}`,
  agency: "la",
  last: { of: `u${n}`, lon: 100.4, lat: 20.27, time: "2026-11-29T00:59:00Z" },
});
const snapshot = (units: UnitState[]): LiveFrame => ({
  type: "snapshot",
  stream: "s",
  seq: 1,
  time: "2026-11-29T01:00:00Z",
  units,
});

let say: (frame: LiveFrame) => void = () => assert.fail("nobody listens");
class Socket {
  readyState = 1;
  onmessage: ((event: { data: string }) => void) | null = null;
  constructor() {
    say = (frame) => this.onmessage?.({ data: JSON.stringify(frame) });
  }
  close(): void {}
}

const asked: string[] = [];
let answers: () => Response = () => new Response("{}", { status: 503 });
const tracks = (): Response => Response.json({ type: "FeatureCollection", features: [] });

async function settle(): Promise<void> {
  for (let turn = 0; turn < 30; turn += 1) await Promise.resolve();
}

before(() => {
  mock.timers.enable({ apis: ["setTimeout", "setInterval", "Date"], now: T0 });
  Object.defineProperty(globalThis, "location", { value: { protocol: "https:", host: "test" } });
  Object.defineProperty(globalThis, "WebSocket", { value: Socket, configurable: true, writable: true });
  mock.method(globalThis, "fetch", async (path: string) => {
    asked.push(path.split("&")[0] ?? "");
    return answers();
  });
});

test("tracks that could not be fetched are asked for again, though the stream holds", async () => {
  const { live, tracksFailed } = await import("../../src/live/signals.ts");
  live.start();
  say(snapshot([unit(1)]));
  await settle();
  assert.equal(tracksFailed.value, true);
  answers = tracks;
  mock.timers.tick(30_000);
  await settle();
  assert.deepEqual(asked, ["/api/tracks?hours=3", "/api/tracks?hours=3"]);
  assert.equal(tracksFailed.value, false);
});

test("lines between sparse reports on a river are fetched boat by boat, the one that is looked at first", async () => {
  const { live, watch } = await import("../../src/live/signals.ts");
  live.retryNow();
  say(snapshot([unit(1), unit(2), unit(3)]));
  await settle();
  asked.splice(0);
  answers = () => Response.json({ type: "Feature", properties: { id: "u1", times: [] }, geometry: null });
  const moved = (seq: number, of: string, lon: number): void =>
    say({
      type: "change",
      seq,
      time: "2026-11-29T01:00:30Z",
      fixes: [{ of, lon, lat: 20.28, time: "2026-11-29T01:00:30Z", river_km: 2240 }],
    });
  moved(2, "u1", 100.41);
  moved(3, "u3", 100.42);
  watch("u3");
  for (let turn = 0; turn < 5; turn += 1) {
    mock.timers.tick(10_000);
    await settle();
  }
  const start = "start=2026-11-29T00:54:00.000Z"; // five minutes before the line began
  assert.deepEqual(asked, [`/api/units/u3/track?${start}`, `/api/units/u1/track?${start}`]);
});

test("of thousands only the track of the selected one is kept", async () => {
  const { live, picture, takeDirty, watch } = await import("../../src/live/signals.ts");
  live.retryNow(); // it was silent for half a minute
  say(snapshot(Array.from({ length: 2001 }, (_, n) => unit(n))));
  answers = () =>
    Response.json({
      type: "Feature",
      properties: { id: "u1", times: ["2026-11-29T00:58:00Z"] },
      geometry: { type: "LineString", coordinates: [[100.3, 20.2]] },
    });
  watch("u1");
  await settle();
  assert.deepEqual([...picture.tracks.keys()], ["u1"]);
  takeDirty();
  watch("u2");
  await settle();
  assert.deepEqual([...picture.tracks.keys()], ["u2"], "the other would lie there as it was");
  assert.ok(takeDirty().tracks.has("u1"));
});
