/** What is pasted or scanned becomes a card, or nothing. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { cardFileName, cardIn, keyWords } from "../../../src/pages/counterparts/card-text.ts";

const CARD = `JOINT-PATROL-CARD-1.${"fZBBT8MwDIX_v-".repeat(50)}`;

test("a card that a mail programme has broken into lines is whole again", () => {
  const lines = CARD.match(/.{1,76}/g) ?? [];
  assert.ok(lines.length > 8);
  assert.equal(cardIn(lines.join("\r\n")), CARD);
  assert.equal(cardIn(`  ${lines.join("\n ")}\n`), CARD);
});

test("words before and after it are no part of it", () => {
  assert.equal(cardIn(`Dear colleague,\nour card:\n${CARD}\n\nKham, Houay Xai.`), CARD);
});

test("another text is no card", () => {
  for (const other of [
    "",
    "https://ck.example",
    "JOINT-PATROL-CARD-1.",
    "JOINT-PATROL-CARD-1. !",
    "JOINT-PATROL-CARD-2.fZ",
  ])
    assert.equal(cardIn(other), null, other);
  assert.equal(cardIn(`JOINT-PATROL-CARD-1.${"a".repeat(9000)}`), null);
});

test("a key is shown in groups of four; what is no key as it is", () => {
  assert.equal(keyWords("3q2+7w=="), "dead beef");
  assert.equal(keyWords(btoa("\u0000".repeat(32))), Array(16).fill("0000").join(" "));
  assert.equal(keyWords("no key!"), "no key!");
});

test("the file is named after the node and the number of its card", () => {
  const card = { node: "hx", name: "BLO", agencies: [], signing_key: "", addresses: [], number: 3, at: "2026-12-02" };
  assert.equal(cardFileName(card), "joint-patrol-card-hx-3.txt");
});
