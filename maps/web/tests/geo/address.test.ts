import assert from "node:assert/strict";
import { test } from "node:test";
import { furtherParts, kmFigure, rowParts, shortParts } from "../../src/geo/address.ts";

const HOUAY_XAI = {
  river: "Mekong",
  km: 2355.97,
  bank: "left",
  reach: "Houay Xai",
  golden_triangle_km: 68.1,
  country: "LA",
  neighbour: "TH",
  side_sure: true,
} as const;

test("an address says kilometre, bank and side", () => {
  assert.deepEqual(shortParts(HOUAY_XAI), [
    ["river.km", { km: "2\u202f356.0" }],
    ["bank.left"],
    ["side.of", { country: "LA" }],
  ]);
  assert.deepEqual(furtherParts(HOUAY_XAI), [
    ["reach.of", { name: "Houay Xai" }],
    ["triangle.below", { km: 68 }],
  ]);
});

test("what is not sure is said to be unsure, and no side comes first", () => {
  const { bank, side_sure, ...unsure } = HOUAY_XAI;
  assert.equal(bank && side_sure, true);
  const parts = [["bank.unsure"], ["side.between", { one: "LA", other: "TH" }]];
  assert.deepEqual(shortParts(unsure).slice(1), parts);
  assert.deepEqual(shortParts({ ...unsure, country: "TH", neighbour: "LA" }).slice(1), parts);
  assert.deepEqual(shortParts({ country: "VN" }), [["side.unsure"]]);
});

test("another river has its name, and the Golden Triangle may be below", () => {
  assert.deepEqual(shortParts({ river: "Ruak", km: 12.34 }), [
    ["river.other", { name: "Ruak", km: "12.3" }],
    ["bank.unsure"],
  ]);
  assert.deepEqual(furtherParts({ river: "Ruak", km: 12.34, reach: "Ruak", also: ["Mekong"] }), [
    ["river.also", { name: "Mekong" }],
  ]);
  assert.deepEqual(furtherParts({ river: "Mekong", km: 2500, golden_triangle_km: -76 }), [
    ["triangle.above", { km: 76 }],
  ]);
});

test("a row of a list says as much in fewer words", () => {
  assert.deepEqual(rowParts(HOUAY_XAI), shortParts(HOUAY_XAI));
  const { side_sure, ...unsure } = HOUAY_XAI;
  assert.equal(side_sure, true);
  assert.deepEqual(rowParts(unsure).slice(1), [["bank.left"], ["side.unsure"]]);
  const { bank, ...neither } = unsure;
  assert.equal(bank, "left");
  assert.deepEqual(rowParts(neither).slice(1), [["unsure.both"]]);
  assert.deepEqual(rowParts({ country: "VN", neighbour: "LA" }), [["side.between", { one: "LA", other: "VN" }]]);
});

test("of no place there is nothing to say", () => {
  assert.deepEqual(shortParts({}), []);
  assert.deepEqual(furtherParts({}), []);
  assert.equal(kmFigure(0.04), "0.0");
});
