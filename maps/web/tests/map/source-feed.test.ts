import assert from "node:assert/strict";
import { test } from "node:test";
import type { GeoJSONSourceDiff } from "maplibre-gl";
import { SourceFeed } from "../../src/map/source-feed.ts";

const feature = (id: string, lon: number): GeoJSON.Feature => ({
  type: "Feature",
  id,
  properties: { id },
  geometry: { type: "Point", coordinates: [lon, 20] },
});

function stage(): { feed: SourceFeed; pushed: string[]; release: () => void } {
  const pushed: string[] = [];
  const waiting: (() => void)[] = [];
  const hold = (): Promise<void> => new Promise((done) => waiting.push(done));
  const feed = new SourceFeed({
    setData: (data) => {
      pushed.push(`set ${data.features.map((each) => each.id).join()}`);
      return hold();
    },
    updateData: (diff: GeoJSONSourceDiff) => {
      pushed.push(`add ${(diff.add ?? []).map((each) => each.id).join()} remove ${(diff.remove ?? []).join()}`);
      return hold();
    },
  });
  return { feed, pushed, release: () => waiting.shift()?.() };
}

async function flushed({ feed, release }: ReturnType<typeof stage>): Promise<void> {
  const push = feed.flush();
  release();
  await push;
}

test("the first push sets everything, a small one only what changed", async () => {
  const on = stage();
  for (const id of "abcd") on.feed.put(id, feature(id, 100));
  await flushed(on);
  on.feed.put("b", feature("b", 101));
  await flushed(on);
  assert.deepEqual(on.pushed, ["set a,b,c,d", "add b remove "]);
});

test("when more than a third changed everything is set", async () => {
  const on = stage();
  for (const id of "abc") on.feed.put(id, feature(id, 100));
  await flushed(on);
  for (const id of "ab") on.feed.put(id, feature(id, 101));
  await flushed(on);
  assert.equal(on.pushed[1], "set a,b,c");
});

test("what looks as before is not pushed, what is gone is removed", async () => {
  const on = stage();
  for (const id of "abcde") on.feed.put(id, feature(id, 100));
  await flushed(on);
  on.feed.put("a", feature("a", 100));
  await on.feed.flush();
  assert.equal(on.pushed.length, 1);
  on.feed.keepOnly(new Set("abcd"));
  await flushed(on);
  assert.equal(on.pushed[1], "add  remove e");
});

test("no push is begun while one runs; what came meanwhile goes with the next", async () => {
  const on = stage();
  for (const id of "abcd") on.feed.put(id, feature(id, 100));
  const first = on.feed.flush();
  on.feed.put("a", feature("a", 101));
  await on.feed.flush();
  assert.equal(on.pushed.length, 1);
  on.release();
  await first;
  await flushed(on);
  assert.equal(on.pushed[1], "add a remove ");
});
