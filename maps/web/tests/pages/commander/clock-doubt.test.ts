import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { computerName, doubtMeans, doubtWords } from "../../../src/pages/commander/desk/clock-doubt.ts";
import type { ChannelHealth, ClockDoubt } from "../../../src/wire/channels.ts";
import { learn, speak, type Texts } from "../../../src/words/index.ts";

const AT = "2026-11-24T02:30:05Z";
const NOW = Date.parse(AT) + 60_000;
const ZONE = "Asia/Vientiane";

Object.assign(globalThis, { document: { documentElement: {} } });

function channel(name: string, clock?: ClockDoubt): ChannelHealth {
  return {
    name,
    url: "",
    protocols: [],
    state: "open",
    since: AT,
    fault: null,
    last_heard_at: null,
    expected_interval_s: null,
    bytes_read: 0,
    frames: 0,
    transmissions: 0,
    junk_bytes: 0,
    shed: 0,
    reconnects: 0,
    errors: {},
    ...(clock === undefined ? {} : { clock }),
  };
}

function know(language: "en" | "th" | "lo" | "my" | "km" | "vi" | "zh"): void {
  for (const part of ["common", "commander"] as const)
    learn(
      JSON.parse(readFileSync(new URL(`../../../words/${language}/${part}.json`, import.meta.url), "utf-8")) as Texts,
    );
  speak(language);
}

test("a clock that nothing is known against says nothing", () => {
  assert.equal(doubtWords(channel("clock"), NOW, ZONE), null);
  assert.equal(doubtWords({ ...channel("clock"), clock: null }, NOW, ZONE), null);
});

test("a clock that was set says by how much and when, and whether that is used", () => {
  know("en");
  const back = channel("clock", { kind: "set", by_s: -3600, at: AT });
  assert.equal(doubtWords(back, NOW, ZONE), "The clock of this office was set back by 1 h 00 min at 09:30:05.");
  assert.equal(doubtMeans(back), "Time goes on as it was. Positions are shown; their times are doubtful.");
  const ahead = channel("pier", { kind: "set", by_s: 90, at: AT, followed: true });
  assert.equal(doubtWords(ahead, NOW, ZONE), "The clock of Gateway pier was set ahead by 1 min at 09:30:05.");
  assert.equal(doubtMeans(ahead), "The new time is used. Positions are shown; their times are doubtful.");
});

test("clocks that differ say which is ahead", () => {
  know("en");
  assert.equal(
    doubtWords(channel("clock", { kind: "differs", by_s: 25200, at: AT, radios: 5 }), NOW, ZONE),
    "The clocks of 5 radios are all 7 h 00 min ahead of the clock of this office.",
  );
  assert.equal(
    doubtWords(channel("pier", { kind: "gateway", by_s: -7200, at: AT }), NOW, ZONE),
    "The clock of Gateway pier is 2 h 00 min behind the clock of this office.",
  );
});

test("every language says it with its figures", () => {
  for (const language of ["th", "lo", "my", "km", "vi", "zh"] as const) {
    know(language);
    for (const kind of ["set", "differs", "gateway"] as const)
      for (const by_s of [-3600, 3600]) {
        const told = channel("clock", { kind, by_s, at: AT, radios: 5 });
        const words = doubtWords(told, NOW, ZONE) ?? "";
        assert.ok(!words.includes("{") && words.includes(computerName(told)), words);
        assert.ok(kind !== "set" || words.includes("09:30:05"), words);
        assert.ok(!doubtMeans(told).includes("{"));
      }
  }
});
