import assert from "node:assert/strict";
import { test } from "node:test";
import { type LiveStatus, LiveStream, STALE_AFTER_MS } from "../../src/live/live.ts";
import type { LiveFrame } from "../../src/wire/stream.ts";

class FakeSocket {
  readyState = 1;
  onmessage: ((event: { data: string }) => void) | null = null;
  onclose: ((event: { code: number }) => void) | null = null;
  onopen: (() => void) | null = null;
  closed = false;
  readonly url: string;
  constructor(url: string) {
    this.url = url;
  }
  close(): void {
    this.closed = true;
  }
  say(frame: LiveFrame): void {
    this.raw(JSON.stringify(frame));
  }
  raw(data: string): void {
    this.onmessage?.({ data });
  }
}

function stage(applying: (frame: LiveFrame) => void = () => undefined): {
  stream: LiveStream;
  sockets: FakeSocket[];
  seen: string[];
  status: () => LiveStatus;
  wait: (ms: number) => void;
} {
  const sockets: FakeSocket[] = [];
  const seen: string[] = [];
  let status: LiveStatus | null = null;
  let now = 1e12;
  const stream = new LiveStream({
    url: "ws://test/api/live",
    now: () => now,
    random: () => 0,
    open: (url) => {
      const socket = new FakeSocket(url);
      sockets.push(socket);
      return socket as unknown as WebSocket;
    },
    receiver: {
      snapshot: (frame) => {
        applying(frame);
        seen.push(`snapshot ${frame.seq}`);
      },
      change: (frame) => {
        applying(frame);
        seen.push(`change ${frame.seq}${(frame.fixes ?? []).map((fix) => ` ${fix.of}`).join("")}`);
      },
      faults: (faults, error) =>
        seen.push(error === undefined ? `faults ${faults.map((each) => each.what).join(" ")}` : "failed"),
      serverTime: () => undefined,
      status: (told) => {
        status = told;
      },
    },
  });
  stream.start();
  return {
    stream,
    sockets,
    seen,
    status: () => status as unknown as LiveStatus,
    wait: (ms) => {
      now += ms;
      stream.check();
    },
  };
}

const time = "2026-11-25T01:00:00Z";
const snapshot = (seq: number): LiveFrame => ({ type: "snapshot", stream: "abc", seq, time, units: [] });
const change = (seq: number): LiveFrame => ({ type: "change", seq, time });
const beat = (seq: number): LiveFrame => ({ type: "beat", seq, time });

test("applies changes in order and each once", () => {
  const { stream, sockets, seen } = stage();
  for (const frame of [snapshot(4), change(5), change(5), change(6), beat(6)]) sockets[0]?.say(frame);
  assert.deepEqual(seen, ["snapshot 4", "change 5", "change 6"]);
  stream.stop();
});

test("positions of a table stand among the others", () => {
  const { stream, sockets, seen } = stage();
  sockets[0]?.say(snapshot(4));
  sockets[0]?.say({
    ...change(5),
    type: "change",
    tables: [
      {
        rows: [
          ["of", "time"],
          ["a", 0],
          ["b", 1],
        ],
        same: { lon: 100.4, lat: 20.2 },
      },
    ],
  });
  assert.deepEqual(seen, ["snapshot 4", "change 5 a b"]);
  stream.stop();
});

test("a gap makes it ask again from the last change it has", () => {
  const { stream, sockets, seen } = stage();
  sockets[0]?.say(snapshot(4));
  sockets[0]?.say(change(7));
  assert.equal(sockets[0]?.closed, true);
  assert.match(sockets[1]?.url ?? "", /\?tables=true&stream=abc&since=4$/);
  for (const seq of [5, 6, 7]) sockets[1]?.say(change(seq));
  assert.deepEqual(seen, ["snapshot 4", "change 5", "change 6", "change 7"]);
  stream.stop();
});

test("a beat ahead of the last change is a gap too", () => {
  const { stream, sockets } = stage();
  sockets[0]?.say(snapshot(4));
  sockets[0]?.say(beat(5));
  assert.equal(sockets.length, 2);
  stream.stop();
});

test("a gap that cannot be filled ends in a plain start, then in a pause", () => {
  const { stream, sockets, status } = stage();
  sockets[0]?.say(snapshot(4));
  for (let i = 0; i < 6; i += 1) sockets.at(-1)?.say(beat(99));
  assert.equal(sockets[3]?.url, "ws://test/api/live?tables=true");
  assert.notEqual(status().retryAt, null);
  stream.stop();
});

test("silence is told before five seconds have passed, and a frame ends it", () => {
  assert.ok(STALE_AFTER_MS < 5000);
  const { stream, sockets, status, wait } = stage();
  sockets[0]?.say(snapshot(4));
  wait(4000);
  assert.equal(status().stale, false);
  wait(600);
  assert.equal(status().stale, true);
  assert.equal(status().heardAt, 1e12);
  sockets[0]?.say(beat(4));
  assert.equal(status().stale, false);
  stream.stop();
});

test("a server that never answers is told as stale as well", () => {
  const { stream, status, wait } = stage();
  wait(4600);
  assert.equal(status().stale, true);
  assert.equal(status().heardAt, null);
  stream.stop();
});

test("a silent socket is given up and opened again", () => {
  const { stream, sockets, status, wait } = stage();
  sockets[0]?.say(snapshot(4));
  wait(9500);
  assert.equal(sockets[0]?.closed, true);
  assert.notEqual(status().retryAt, null);
  stream.retryNow();
  assert.match(sockets[1]?.url ?? "", /since=4/);
  stream.stop();
});

test("a picture that takes long to come is waited for, longer each time", () => {
  const { stream, sockets, seen, wait } = stage();
  wait(9500);
  assert.equal(sockets[0]?.closed, true, "the other end may be gone");
  stream.retryNow();
  wait(15_000);
  assert.equal(sockets[1]?.closed, false);
  sockets[1]?.say(snapshot(4));
  assert.deepEqual(seen, ["snapshot 4"]);
  wait(9500);
  assert.equal(sockets[1]?.closed, true, "once it spoke, its silence is silence");
  stream.retryNow();
  if (sockets[2] !== undefined) sockets[2].readyState = 0;
  wait(9500);
  assert.equal(sockets[2]?.closed, false, "while it connects it is let open first");
  stream.retryNow();
  assert.equal(sockets.length, 4, "a server that cannot be reached is given up as soon as ever");
  stream.stop();
});

test("a socket that was given up for another try is open no more: who is signed in is asked anew once the next one is", () => {
  const { stream, sockets, status, wait } = stage();
  sockets[0]?.say(snapshot(4));
  wait(5500);
  assert.deepEqual([status().open, status().stale], [true, true]);
  stream.retryNow();
  assert.equal(status().open, false);
  sockets[1]?.say(snapshot(5));
  assert.equal(status().open, true);
  stream.stop();
});

test("whoever asks for another try gets it, however long a silent socket would be waited for", () => {
  const { stream, sockets, wait } = stage();
  sockets[0]?.say(snapshot(4));
  stream.retryNow();
  assert.equal(sockets.length, 1, "it is live");
  wait(9500);
  stream.retryNow();
  wait(3000);
  wait(3000);
  assert.equal(sockets[1]?.closed, false, "its first word may take longer");
  stream.retryNow();
  assert.equal(sockets[1]?.closed, true);
  assert.equal(sockets.length, 3);
  stream.stop();
});

test("a refusal ends the tries", () => {
  const { stream, sockets, status } = stage();
  sockets[0]?.onclose?.({ code: 4401 });
  assert.equal(status().refused, "signed-out");
  stream.retryNow();
  assert.equal(sockets.length, 1);
  stream.stop();
});

test("a change that fails half-way is not taken as applied: a fresh snapshot is asked for", () => {
  let broken = true;
  const { stream, sockets, seen } = stage((frame) => {
    if (frame.seq === 5 && broken) throw new Error("cannot");
  });
  sockets[0]?.say(snapshot(4));
  sockets[0]?.say(change(5));
  assert.equal(sockets[0]?.closed, true);
  assert.equal(sockets[1]?.url, "ws://test/api/live?tables=true");
  broken = false;
  sockets[1]?.say(snapshot(5));
  sockets[1]?.say(change(6));
  assert.deepEqual(seen, ["snapshot 4", "failed", "snapshot 5", "change 6"]);
  stream.stop();
});

test("a snapshot that fails every time is asked for with pauses", () => {
  const { stream, sockets, status } = stage(() => {
    throw new Error("cannot");
  });
  for (let i = 0; i < 6; i += 1) sockets.at(-1)?.say(snapshot(4));
  assert.equal(sockets.length, 6);
  assert.equal(status().open, false);
  assert.notEqual(status().retryAt, null);
  stream.stop();
});

test("what is no frame makes it begin anew", () => {
  for (const bad of ["{", "{}", JSON.stringify({ ...change(5), time: 0 })]) {
    const { stream, sockets } = stage();
    sockets[0]?.say(snapshot(4));
    sockets[0]?.raw(bad);
    assert.equal(sockets[1]?.url, "ws://test/api/live?tables=true");
    stream.stop();
  }
});

test("a frame of an unknown kind is left alone", () => {
  const { stream, sockets, seen } = stage();
  sockets[0]?.say(snapshot(4));
  sockets[0]?.raw(JSON.stringify({ type: "weather", seq: 4, time }));
  sockets[0]?.say(change(5));
  assert.deepEqual(seen, ["snapshot 4", "faults frame", "change 5"]);
  stream.stop();
});

test("numbers that go back belong to another stream: it begins anew", () => {
  const { stream, sockets, seen } = stage();
  sockets[0]?.say(snapshot(400));
  sockets[0]?.say(beat(4));
  assert.equal(sockets[1]?.url, "ws://test/api/live?tables=true");
  sockets[1]?.say(snapshot(4));
  sockets[1]?.say(change(5));
  assert.deepEqual(seen, ["snapshot 400", "snapshot 4", "change 5"]);
  stream.stop();
});
