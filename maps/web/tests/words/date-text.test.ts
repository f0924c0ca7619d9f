/** What people type into a field of a day or a time, and what the arrow keys make of it. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { isWhole, readDate, stepped } from "../../src/words/date-text.ts";

test("a time is read however its signs are set, and in the digits of the region", () => {
  const same = [
    "2026-11-26 18:05",
    "2026-11-26T18:05",
    "2026/11/26 18.05",
    "202611261805",
    "20261126 1805",
    "2026-11-26 1805",
    " 2026-11-26  18:05:00 ",
    "๒๐๒๖-๑๑-๒๖ ๑๘:๐๕",
    "໒໐໒໖-໑໑-໒໖ ໑໘:໐໕",
    "២០២៦-១១-២៦ ១៨:០៥",
    "၂၀၂၆-၁၁-၂၆ ၁၈:၀၅",
    "２０２６－１１－２６ １８：０５",
  ];
  for (const typed of same) assert.equal(readDate(typed, "moment").text, "2026-11-26 18:05", typed);
  assert.equal(readDate("2026-1-2 3:04:05", "moment").text, "2026-01-02 03:04:05");
  assert.deepEqual(
    ["2026-02-29", "2028-02-29", "20281231", ""].map((typed) => readDate(typed, "day").text),
    [null, "2028-02-29", "2028-12-31", ""],
  );
});

test("what is wrong is named, and no guess is made", () => {
  const code = (typed: string, precision: "day" | "moment" = "moment"): unknown => {
    const fault = readDate(typed, precision).fault;
    return fault === null ? null : [fault.code, fault.n];
  };
  for (const typed of [
    "11/26/2026 06:05 PM",
    "26-11-2026 18:05",
    "2026-11-26",
    "18:05",
    "tomorrow",
    "2026-11-26 18",
    "2026-11-26 18:05:06:07",
    "2026112618050",
  ])
    assert.deepEqual(code(typed), ["form", 0], typed);
  assert.deepEqual(
    [code("2026-13-01 10:00"), code("2026-11-31 10:00"), code("2026-11-00 10:00")],
    [
      ["month", 13],
      ["day", 30],
      ["day", 30],
    ],
  );
  assert.deepEqual(
    [code("2026-11-26 24:00"), code("2026-11-26 10:60")],
    [
      ["clock", 0],
      ["clock", 0],
    ],
  );
  assert.deepEqual(
    [code("2569-11-26 10:00"), code("2569-11-26", "day")],
    [
      ["buddhist", 2026],
      ["buddhist", 2026],
    ],
  );
  assert.deepEqual(code("2026-11-26 10:00", "day"), ["form", 0], "a day has no time");
});

test("only what is written out counts while it is typed", () => {
  assert.deepEqual(
    ["2026-11-26 18:05", "2026-11-26T18:05", "2026-11-26 18:0", "2026-11-2"].map((typed) => isWhole(typed, "moment")),
    [true, true, false, false],
  );
  assert.deepEqual([isWhole("2026-11-26", "day"), isWhole("2026-11-2", "day")], [true, false]);
});

test("arrow keys move the part at the cursor, over the ends of days, months and years", () => {
  const go = (text: string, cursor: number, by: 1 | -1, minutes = 1): unknown => {
    const next = stepped(text, cursor, by, minutes);
    return [next.text, text.length > 10 || next.to <= 10 ? next.text.slice(next.from, next.to) : ""];
  };
  assert.deepEqual(go("2026-12-31 23:50", 16, 1, 15), ["2027-01-01 00:05", "05"]);
  assert.deepEqual(go("2026-12-31 23:50", 12, 1), ["2027-01-01 00:50", "00"]);
  assert.deepEqual(go("2026-03-31", 6, -1), ["2026-02-28", "02"]);
  assert.deepEqual(go("2028-02-29", 0, 1), ["2029-02-28", "2029"]);
  assert.deepEqual(go("2026-01-01", 9, -1), ["2025-12-31", "31"]);
  assert.deepEqual(go("2026-01-15", 5, -1), ["2025-12-15", "12"]);
  assert.deepEqual(go("2026-11-26 18:05:59", 19, 1), ["2026-11-26 18:06", ""], "no seconds are left to mark");
});

test("no field of the browser's own for days and times is left: each shows its own order and clock", async () => {
  const { readdirSync, readFileSync } = await import("node:fs");
  const sources = new URL("../../src/", import.meta.url);
  const files = readdirSync(sources, { recursive: true, encoding: "utf8" }).filter((path) =>
    /\.(tsx?|css)$/.test(path),
  );
  const found = files.filter((path) =>
    /type=\\?["'](?:datetime-local|date|time|month|week)\\?["']/.test(readFileSync(new URL(path, sources), "utf8")),
  );
  assert.deepEqual(found, []);
  assert.ok(files.length > 50);
});
