/** Which fields a key that saves takes anew: what is typed and not left yet, and nothing else. */
import assert from "node:assert/strict";
import { before, beforeEach, test } from "node:test";
import { followTyping, takeTyped } from "../../../src/pages/planner/desk/field-edit.ts";

const page = new EventTarget();
let changes = 0;

/** A field of the page: its events pass through there, as in a browser. */
class Field extends EventTarget {
  override dispatchEvent(event: Event): boolean {
    Object.defineProperty(event, "target", { value: this });
    return page.dispatchEvent(event);
  }
}

before(() => {
  followTyping(page);
  page.addEventListener("change", () => {
    changes += 1;
  });
});
beforeEach(() => {
  changes = 0;
});

test("what is typed counts once", () => {
  const field = new Field();
  field.dispatchEvent(new Event("input"));
  takeTyped(field);
  takeTyped(field);
  assert.equal(changes, 1);
});

test("a field that is only shown is not taken: a place would be rounded, and a box ticked, by each save", () => {
  const [field, other] = [new Field(), new Field()];
  takeTyped(field);
  other.dispatchEvent(new Event("input"));
  takeTyped(field);
  assert.equal(changes, 0);
  other.dispatchEvent(new Event("change"));
  takeTyped(other);
  assert.equal(changes, 1, "its own change");
});
