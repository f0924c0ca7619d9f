import assert from "node:assert/strict";
import { test } from "node:test";
import { pressedKey } from "../../src/browser/key-press.ts";

function press(key: string, code: string, { shift = false, caps = false } = {}): string {
  return pressedKey({
    key,
    code,
    shiftKey: shift,
    getModifierState: (name: string) => name === "CapsLock" && caps,
  } as KeyboardEvent);
}

test("keyboards that write Thai, Lao, Burmese and Khmer have the keys where a Latin one has them", () => {
  for (const letter of ["ฟ", "ັ", "ေ", "ា"]) assert.equal(press(letter, "KeyA"), "a");
  assert.equal(press("ฦ", "Slash", { shift: true }), "?");
  assert.equal(press("บ", "BracketLeft"), "[");
  assert.equal(press("ๅ", "Digit1"), "1");
  assert.equal(press("ฉ", "KeyC", { shift: true }), "C");
});

test("what a Latin keyboard writes is what it says, wherever it lies", () => {
  assert.equal(press("a", "KeyQ"), "a", "a French keyboard");
  assert.equal(press("?", "Minus", { shift: true }), "?", "a German one");
  assert.equal(press("Escape", "Escape"), "Escape");
  assert.equal(press(" ", "Space"), " ");
});

test("a locked Shift changes no key", () => {
  assert.equal(press("A", "KeyA", { caps: true }), "a");
  assert.equal(press("n", "KeyN", { caps: true, shift: true }), "N");
  assert.equal(press("Enter", "Enter", { caps: true }), "Enter");
});

test("what a browser tells of as it fills in a field is no key", () => {
  assert.equal(pressedKey({} as KeyboardEvent), "");
});
