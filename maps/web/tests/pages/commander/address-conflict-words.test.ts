/** Since when a second sender uses an address, for readers of either era. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { before, test } from "node:test";
import type { Claim } from "../../../src/wire/channels.ts";
import type { Texts } from "../../../src/words/index.ts";

const NOW = Date.parse("2026-11-29T01:00:00Z");
const ZONE = "Asia/Vientiane";
const claim = (since: string): Claim => ({ address: "ais:574", channel: "udp-2", agency: "la", since });

before(async () => {
  Object.assign(globalThis, { document: { documentElement: { dataset: {} } } });
  const { learn, speak } = await import("../../../src/words/index.ts");
  for (const part of ["common", "commander"])
    learn(JSON.parse(readFileSync(new URL(`../../../words/en/${part}.json`, import.meta.url), "utf-8")) as Texts);
  speak("en");
});

for (const [era, day] of [
  ["gregorian", "2026-11-26"],
  ["buddhist", "2569-11-26 BE"],
] as const) {
  test(`the time is whole, and another day of this month is no today: ${era}`, async () => {
    const { calendar } = await import("../../../src/words/calendar.ts");
    const { addressConflictWords: claimWords } = await import(
      "../../../src/pages/commander/desk/address-conflict-words.ts"
    );
    calendar.value = era;
    assert.equal(
      claimWords(claim("2026-11-29T00:02:00Z"), NOW, ZONE),
      "ais:574 is also claimed from udp-2 since 07:02",
    );
    assert.equal(
      claimWords(claim("2026-11-26T00:02:00Z"), NOW, ZONE),
      `ais:574 is also claimed from udp-2 since ${day} 07:02`,
    );
  });
}
