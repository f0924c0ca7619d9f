import assert from "node:assert/strict";
import { test } from "node:test";
import { insert, Picture, prune, type TrackPoint } from "../../src/live/picture.ts";
import type { ChannelHealth } from "../../src/wire/channels.ts";
import type { Change } from "../../src/wire/stream.ts";
import type { Fix, UnitState } from "../../src/wire/units.ts";

const T0 = Date.parse("2026-11-25T01:00:00Z");
const iso = (s: number): string => new Date(T0 + s * 1000).toISOString();
const fix = (of: string, s: number, lon = 100.4, more: Partial<Fix> = {}): Fix => ({
  of,
  lon,
  lat: 20.27,
  time: iso(s),
  ...more,
});
const boat = (more: Partial<UnitState> = {}): UnitState => ({
  id: "u1",
  call_sign: "Naga 1",
  agency: "la",
  liveness: "late",
  ...more,
});
const change = (seq: number, more: Partial<Change>): Change => ({ type: "change", seq, time: iso(600), ...more });

function started(units: UnitState[]): Picture {
  const picture = new Picture(3);
  picture.replace({ type: "snapshot", stream: "s", seq: 0, time: iso(0), units });
  return picture;
}

test("a live fix moves the unit and wakes it", () => {
  const picture = started([boat()]);
  picture.apply(change(1, { fixes: [fix("u1", 10, 100.5)] }));
  assert.equal(picture.units.get("u1")?.last?.lon, 100.5);
  assert.equal(picture.units.get("u1")?.liveness, "live");
});

test("a late fix joins the track at its own moment and does not move the mark", () => {
  const picture = started([boat({ last: fix("u1", 100, 100.6) })]);
  picture.apply(change(1, { fixes: [fix("u1", 200, 100.7), fix("u1", 150, 100.65, { live: false })] }));
  assert.equal(picture.units.get("u1")?.last?.lon, 100.7);
  assert.deepEqual(
    picture.tracks.get("u1")?.map((point) => point.lon),
    [100.6, 100.65, 100.7],
  );
});

test("units are applied before fixes", () => {
  const picture = started([]);
  picture.apply(change(1, { fixes: [fix("u2", 5)], units: [boat({ id: "u2", call_sign: "New" })] }));
  assert.equal(picture.units.get("u2")?.last?.time, iso(5));
});

test("what must be forgotten leaves units and tracks", () => {
  const picture = started([boat({ last: fix("u1", 0) })]);
  const touched = picture.apply(change(1, { forget: ["u1"] }));
  assert.equal(picture.units.size + picture.tracks.size, 0);
  assert.ok(touched.units.has("u1") && touched.tracks.has("u1"));
});

test("a position of who is forgotten with the same change leaves no track of nobody", () => {
  const picture = started([boat({ last: fix("u1", 0) })]);
  picture.apply(change(1, { forget: ["u1"], fixes: [fix("u1", 5), fix("u1", 10)] }));
  assert.equal(picture.units.size + picture.tracks.size, 0);
});

test("a new radio of a unit asks for its past", () => {
  const picture = started([boat({ addresses: ["ais:1"] })]);
  assert.ok(picture.apply(change(1, { units: [boat({ addresses: ["ais:1", "ais:2"] })] })).refetch.has("u1"));
  assert.ok(!picture.apply(change(2, { units: [boat({ addresses: ["ais:1", "ais:2"] })] })).refetch.has("u1"));
});

test("a radio that was assigned by mistake takes its way along when it goes", () => {
  const picture = started([boat({ addresses: ["ais:1", "ais:2"], last: fix("u1", 0) })]);
  picture.apply(change(1, { fixes: [fix("u1", 60, 101), fix("u1", 120, 101.1)] }));
  const touched = picture.apply(change(2, { units: [boat({ addresses: ["ais:1"], last: fix("u1", 10) })] }));
  assert.ok(touched.tracks.has("u1"), "it goes from the map, too");
  picture.join(
    {
      type: "Feature",
      properties: { id: "u1", times: [iso(0), iso(10)] },
      geometry: {
        type: "LineString",
        coordinates: [
          [100.4, 20.27],
          [100.4, 20.28],
        ],
      },
    },
    T0 + 600e3,
  );
  assert.deepEqual(
    picture.tracks.get("u1")?.map((point) => point.lon),
    [100.4, 100.4],
  );
});

test("flags of an earlier message do not stick to a good fix", () => {
  const picture = started([boat({ flags: ["no_fix"] })]);
  picture.apply(change(1, { fixes: [fix("u1", 10)] }));
  assert.deepEqual(picture.units.get("u1")?.flags, []);
});

test("the track of a silent unit grows old too", () => {
  const picture = started([boat({ last: fix("u1", 0, 100.5) }), boat({ id: "u2", last: fix("u2", 0) })]);
  picture.apply(change(1, { fixes: [fix("u1", 600, 100.6), fix("u2", 3 * 3600)] }));
  assert.deepEqual(picture.age(T0 + 3 * 3600e3 + 1e3), ["u1", "u2"]);
  assert.deepEqual(
    picture.tracks.get("u1")?.map((point) => point.lon),
    [100.6],
  );
  assert.deepEqual(picture.age(T0 + 86_400e3), ["u1", "u2"], "a day later nothing is of the last hours");
  assert.deepEqual(picture.tracks.get("u1"), []);
  assert.deepEqual(picture.age(T0 + 86_400e3), []);
});

test("a track that comes after its unit may be shown no more is not kept", () => {
  const picture = started([boat({ last: fix("u1", 100) })]);
  picture.apply(change(1, { forget: ["u1"] }));
  picture.join(
    {
      type: "Feature",
      properties: { id: "u1", times: [iso(0), iso(50)] },
      geometry: {
        type: "LineString",
        coordinates: [
          [100.1, 20],
          [100.2, 20],
        ],
      },
    },
    T0 + 600e3,
  );
  assert.equal(picture.tracks.size, 0);
});

test("a fetched track is joined with what the stream brought", () => {
  const picture = started([boat({ last: fix("u1", 100, 100.6) })]);
  picture.join(
    {
      type: "Feature",
      properties: { id: "u1", times: [iso(0), iso(50), iso(100)] },
      geometry: {
        type: "LineString",
        coordinates: [
          [100.1, 20],
          [100.2, 20],
          [100.6, 20.27],
        ],
      },
    },
    T0 + 600e3,
  );
  assert.deepEqual(
    picture.tracks.get("u1")?.map((point) => point.lon),
    [100.1, 100.2, 100.6],
  );
});

test("bends of a river join a track that holds more than what was fetched", () => {
  const picture = started([boat({ last: fix("u1", 0, 100.1) })]);
  picture.apply(change(1, { fixes: [fix("u1", 100, 100.6), fix("u1", 400, 100.7)] }));
  picture.join(
    {
      type: "Feature",
      properties: { id: "u1", times: [iso(100), iso(200), iso(300), iso(400)] },
      geometry: {
        type: "LineString",
        coordinates: [
          [100.6, 20.27],
          [100.61, 20.3],
          [100.69, 20.3],
          [100.7, 20.27],
        ],
      },
    },
    T0 + 600e3,
  );
  assert.deepEqual(
    picture.tracks.get("u1")?.map((point) => point.lon),
    [100.1, 100.6, 100.61, 100.69, 100.7],
  );
});

test("a sparse report on a river says whose line may be wrongly straight, and since when", () => {
  const picture = started([boat({ last: fix("u1", 0, 100.1) })]);
  const since = (at: number, lon: number, more: Partial<Fix>): number | undefined => {
    const began = picture.apply(change(1, { fixes: [fix("u1", at, lon, more)] })).straight.get("u1");
    return began === undefined ? undefined : (began - T0) / 1000;
  };
  assert.equal(since(60, 100.11, { river_km: 2240 }), 0);
  assert.equal(since(160, 100.12, { place: { river: "Sai", km: 3 } }), 60);
  assert.equal(since(180, 100.13, { river_km: 2241 }), undefined, "close reports follow the river by themselves");
  assert.equal(since(300, 100.13, { river_km: 2241 }), undefined, "it lies at its place");
  assert.equal(since(400, 100.14, {}), undefined, "it is on no river");
  assert.equal(since(4200, 100.15, { river_km: 2242 }), undefined, "nothing is known of such a silence");
});

test("a track without a line gives no points", () => {
  const picture = started([boat()]);
  picture.join({ type: "Feature", properties: { id: "u1", times: [iso(0)] }, geometry: null }, T0);
  assert.deepEqual(picture.tracks.get("u1"), []);
});

test("a snapshot drops who is gone and keeps the past of who stays", () => {
  const picture = started([boat({ last: fix("u1", 0) }), boat({ id: "u2", last: fix("u2", 0) })]);
  picture.replace({
    type: "snapshot",
    stream: "t",
    seq: 9,
    time: iso(60),
    units: [boat({ last: fix("u1", 50, 100.5) })],
  });
  assert.deepEqual([...picture.units.keys()], ["u1"]);
  assert.equal(picture.tracks.get("u1")?.length, 2);
});

test("points come in time order, none twice", () => {
  const track: TrackPoint[] = [];
  for (const s of [10, 30, 20, 20, 5, 60]) insert(track, { lon: s, lat: 0, at: s * 1000 });
  assert.deepEqual(
    track.map((point) => point.lon),
    [5, 10, 20, 30, 60],
  );
});

test("many fixes in a second lengthen the track once", () => {
  const track: TrackPoint[] = [];
  for (let ms = 0; ms < 10_000; ms += 100) insert(track, { lon: 0, lat: 0, at: ms });
  assert.ok(track.length < 20, String(track.length));
  assert.equal(track.at(-1)?.at, 9900);
});

test("old points are pruned, an empty track stays empty", () => {
  const track: TrackPoint[] = [1, 2, 3].map((at) => ({ lon: 0, lat: 0, at }));
  prune(track, 3);
  assert.deepEqual(
    track.map((point) => point.at),
    [3],
  );
  const none: TrackPoint[] = [];
  prune(none, 3);
  assert.equal(none.length, 0);
});

const channel = (transmissions: number): ChannelHealth => ({
  name: "pier",
  url: "",
  protocols: ["ais"],
  state: "open",
  since: iso(0),
  fault: null,
  last_heard_at: null,
  expected_interval_s: null,
  bytes_read: 0,
  frames: 0,
  transmissions,
  junk_bytes: 0,
  shed: 0,
  reconnects: 0,
  errors: {},
});

test("a rate is counted over the last minute, and anew when the server has started again", () => {
  const picture = new Picture(3);
  const hear = (seq: number, s: number, transmissions: number): unknown =>
    picture.apply({ type: "change", seq, time: iso(s), channels: [channel(transmissions)] });
  hear(1, 0, 100);
  const rate = (s: number): number | null => picture.ratePerMinute("pier", T0 + s * 1000);
  assert.equal(rate(0), null);
  hear(2, 5, 110);
  assert.equal(rate(5), null); // over so short a time it would be a guess
  assert.equal(rate(20), 30);
  assert.equal(rate(66), 0); // no news: nothing was heard
  hear(900, 125, 3);
  assert.equal(rate(125), null);
  hear(901, 130, 4);
  assert.equal(rate(130), null);
  assert.equal(rate(145), 3);
  assert.equal(picture.ratePerMinute("hill", T0), null);
});

test("a snapshot's counter, as old as its last telling, makes no rate once it is told again soon", () => {
  const picture = new Picture(3);
  picture.replace({ type: "snapshot", stream: "s", seq: 0, time: iso(0), units: [], channels: [channel(95)] });
  const hear = (seq: number, s: number, transmissions: number): unknown =>
    picture.apply({ type: "change", seq, time: iso(s), channels: [channel(transmissions)] });
  const rate = (s: number): number | null => picture.ratePerMinute("pier", T0 + s * 1000);
  hear(1, 1, 100); // the five of five seconds, one second later
  assert.equal(rate(20), null);
  for (let s = 6, n = 105; s <= 21; s += 5, n += 5) hear(s, s, n);
  assert.equal(rate(21), 60);
});

test("a claim stands until it has ended, and a snapshot knows all there are", () => {
  const picture = started([]);
  const claim = { address: "ais:574123456", channel: "udp-2", agency: "la", since: iso(0) };
  picture.apply(change(1, { claims: [claim] }));
  picture.apply(change(2, { claims: [{ ...claim, distance_m: 12000 }] }));
  assert.deepEqual([...picture.claims.values()], [{ ...claim, distance_m: 12000 }]);
  picture.apply(change(3, { claims: [{ ...claim, ended: true }] }));
  assert.equal(picture.claims.size, 0);
  picture.apply(change(4, { claims: [claim] }));
  picture.replace({ type: "snapshot", stream: "s", seq: 5, time: iso(700), units: [] });
  assert.equal(picture.claims.size, 0);
});
