/** What lies on a phone is read with its PIN only. */
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  dataKey,
  newDataKey,
  newPair,
  open,
  openTo,
  seal,
  sealTo,
  secretHalf,
  unwrapKey,
  wrapKey,
} from "../../src/phone/encryption.ts";
import { isTooSoon, pinFault, waitAfter } from "../../src/phone/pin.ts";

const ROUNDS = 1000; // the tests need no strength

test("a PIN opens what it wrapped, and no other does", async () => {
  const bytes = newDataKey();
  const wrapped = await wrapKey(bytes, "271828", ROUNDS);
  assert.deepEqual(await unwrapKey(wrapped, "271828"), bytes);
  assert.equal(await unwrapKey(wrapped, "271829"), null);
  assert.equal(await unwrapKey({ ...wrapped, salt: new Uint8Array(16) }, "271828"), null);
});

test("digits of any keyboard are the same PIN", async () => {
  const wrapped = await wrapKey(newDataKey(), "２７１８２８", ROUNDS); // full width
  assert.notEqual(await unwrapKey(wrapped, "271828"), null);
});

test("a data key opens what it sealed, unchanged only", async () => {
  const key = await dataKey(newDataKey());
  const sealed = await seal(key, { text: "ຊ່ວຍແດ່" });
  assert.deepEqual(await open(key, sealed), { text: "ຊ່ວຍແດ່" });
  assert.notDeepEqual((await seal(key, { text: "ຊ່ວຍແດ່" })).data, sealed.data);
  sealed.data[3] = (sealed.data[3] ?? 0) ^ 1;
  await assert.rejects(open(key, sealed));
  await assert.rejects(open(await dataKey(newDataKey()), await seal(key, 1)));
});

test("what is sealed to a profile while it is locked is opened by its other half", async () => {
  const key = await dataKey(newDataKey());
  const pair = await newPair(key);
  const sealed = await sealTo(pair.open, { lon: 100.409 });
  assert.deepEqual(await openTo(await secretHalf(key, pair), pair.open, sealed), { lon: 100.409 });
  const stranger = await newPair(key);
  await assert.rejects(openTo(await secretHalf(key, stranger), pair.open, sealed));
  await assert.rejects(secretHalf(await dataKey(newDataKey()), pair));
});

test("a PIN is six characters or more, and not the plainest ones", () => {
  assert.equal(pinFault("12345"), "short");
  assert.equal(pinFault("1".repeat(65)), "long");
  for (const plain of ["000000", "123456", "987654"]) assert.equal(pinFault(plain), "plain");
  for (const good of ["271828", "123457", "124680"]) assert.equal(pinFault(good), null);
});

test("ten wrong PINs are free, then the wait grows to an hour", () => {
  assert.deepEqual([0, 9].map(waitAfter), [0, 0]);
  assert.deepEqual([10, 11, 12].map(waitAfter), [30_000, 60_000, 120_000]);
  assert.deepEqual([17, 40, 4000].map(waitAfter), [3_600_000, 3_600_000, 3_600_000]);
});

test("a clock that is put back by a year shuts nobody out for a year", () => {
  const now = Date.parse("2026-11-29T01:00:00Z");
  assert.ok(isTooSoon(now + 30_000, now) && isTooSoon(now + 3_600_000, now));
  assert.ok(!isTooSoon(now, now) && !isTooSoon(0, now));
  assert.ok(!isTooSoon(now + 365 * 86_400_000, now));
});
