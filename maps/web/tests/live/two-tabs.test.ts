/** The commander's page in two tabs of one browser: what is read in one is read in both. */
import assert from "node:assert/strict";
import { before, mock, test } from "node:test";
import type { UnitState } from "../../src/wire/units.ts";

const T0 = Date.parse("2026-11-29T01:00:00Z");
const KEY = "jp.texts_read";
const store = new Map<string, string>();
const listeners: ((event: { key: string; newValue: string }) => void)[] = [];
let writes = 0;
const wrote = (id: string, minute: number): UnitState => ({
  id,
  call_sign: id,
  agency: "la",
  text: "fog",
  text_at: new Date(T0 + minute * 60e3).toISOString(),
});

/** What a browser does here as another tab writes. */
function otherWrites(what: unknown, key = KEY): void {
  const newValue = JSON.stringify(what);
  store.set(key, newValue);
  for (const hear of listeners) hear({ key, newValue });
}

before(async () => {
  mock.timers.enable({ apis: ["Date"], now: T0 + 600e3 });
  Object.defineProperty(globalThis, "location", { value: { protocol: "https:", host: "test" } });
  Object.defineProperty(globalThis, "localStorage", {
    value: {
      getItem: (key: string) => store.get(key) ?? null,
      setItem: (key: string, text: string) => {
        writes += 1;
        store.set(key, text);
      },
    },
  });
  Object.defineProperty(globalThis, "addEventListener", {
    value: (kind: string, listener: (typeof listeners)[number]) => {
      if (kind === "storage") listeners.push(listener);
    },
  });
  (await import("../../src/live/read-marks.ts")).followTabs();
});

test("what is read in another tab waits here no more, and its mark outlives one set here", async () => {
  const { noteTexts: hearTexts, markTextsRead, unread, writers } = await import("../../src/live/radio-texts.ts");
  hearTexts([wrote("u1", 1), wrote("u2", 2)], () => false, Date.now());
  assert.deepEqual(writers.value, ["u1", "u2"]);
  otherWrites({ u1: wrote("u1", 1).text_at as string });
  assert.deepEqual(writers.value, ["u2"]);
  markTextsRead("u2");
  assert.deepEqual(
    Object.keys(JSON.parse(store.get(KEY) ?? "{}") as object).sort(),
    ["u1", "u2"],
    "a reload must not tell of it again",
  );
  hearTexts([wrote("u1", 3)], () => false, Date.now());
  assert.deepEqual(
    unread.value.map((each) => each.unit),
    ["u1"],
    "a later text is another",
  );
});

test("two tabs do not write to each other without end", () => {
  const before = writes;
  const same = JSON.parse(store.get(KEY) ?? "{}") as Record<string, string>;
  otherWrites(Object.fromEntries(Object.entries(same).reverse()));
  assert.equal(writes, before);
});

test("quiet that is asked for in one tab is quiet in all, and so is its end", async () => {
  const { quietLeft, startBell } = await import("../../src/live/bell.ts");
  startBell();
  otherWrites(Date.now() + 300e3, "jp.quiet");
  assert.equal(quietLeft(), 300e3);
  otherWrites(0, "jp.quiet");
  assert.equal(quietLeft(), 0);
});
