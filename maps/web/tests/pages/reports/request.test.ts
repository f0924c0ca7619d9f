/** The page of reports: which second language a briefing has. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { bodyOf, secondOf, type Wish, wish } from "../../../src/pages/reports/request.ts";
import type { PatrolChoice } from "../../../src/wire/reports.ts";
import type { AgencyInfo } from "../../../src/wire/session.ts";

const AGENCIES: readonly AgencyInfo[] = [
  ["hx", "LA"],
  ["ck", "TH"],
  ["tc", "MM"],
  ["kh", "KH"],
  ["vn", "VN"],
  ["cn", "CN"],
  ["joint", null],
].map(([id, country]) => ({ id: id as string, name: id as string, country: country as string | null }));
const patrol = (id: string, ...agencies: string[]): PatrolChoice => ({
  id,
  name: id,
  starts_at: "2026-11-26T11:00:00Z",
  agencies,
});
const PATROLS = [
  patrol("with Chiang Khong", "hx", "ck"),
  patrol("with Tachileik", "tc", "hx"),
  patrol("alone", "hx"),
  patrol("of nobody here", "joint"),
  patrol("with Cambodia", "hx", "kh"),
  patrol("with Vietnam", "hx", "vn"),
  patrol("with China", "hx", "cn"),
  patrol("of three", "hx", "ck", "tc"),
];
const wanted = (name: string, more: Partial<Wish> = {}): Wish => ({
  ...wish.value,
  patrol: name,
  language: "lo",
  ...more,
});
const second = (name: string, more: Partial<Wish> = {}, own = "hx"): string =>
  secondOf(wanted(name, more), PATROLS, AGENCIES, own);

test("the second language is that of the other side, and follows the patrol", () => {
  assert.equal(second("with Chiang Khong"), "th");
  assert.equal(second("with Chiang Khong", { language: "th" }, "ck"), "lo");
  assert.equal(second("with Tachileik"), "my");
  assert.deepEqual(
    ["Cambodia", "Vietnam", "China"].map((each) => second(`with ${each}`)),
    ["km", "vi", "zh"],
  );
  assert.equal(second("with Chiang Khong", { language: "en" }), "th");
  assert.equal(second("of three", { language: "en" }), "th");
});

test("it is never the first language twice", () => {
  assert.equal(second("with Chiang Khong", { language: "th" }), "lo");
  assert.equal(second("of three", { language: "th" }), "my");
  assert.equal(second("alone", { language: "en" }), "lo");
  assert.deepEqual(
    [second("alone"), second("of nobody here", { language: "en" }, "joint"), second("", {}, "")],
    ["th", "lo", "th"],
  );
});

test("what somebody chose stays, whichever patrol is chosen", () => {
  assert.deepEqual(
    PATROLS.map((each) => second(each.id, { second: "km" })),
    PATROLS.map(() => "km"),
  );
});

test("a briefing asks for it", () => {
  const kind = { name: "briefing", about: "patrol", formats: ["html"], allowed: true } as const;
  const made = wanted("with Chiang Khong");
  const body = bodyOf(
    { ...made, second: secondOf(made, PATROLS, AGENCIES, "hx") },
    { ...kind, formats: ["html"] },
    "html",
    "Asia/Vientiane",
  );
  assert.equal(body?.["second_language"], "th");
});
