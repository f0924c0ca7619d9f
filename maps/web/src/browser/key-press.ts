/** Which key of a table of keys a press means. */

/** Where a Latin keyboard has signs that tables name: alone, and with Shift. */
const SIGNS: Readonly<Record<string, readonly [string, string]>> = {
  Minus: ["-", "_"],
  Equal: ["=", "+"],
  BracketLeft: ["[", "{"],
  BracketRight: ["]", "}"],
  Slash: ["/", "?"],
  Comma: [",", "<"],
  Period: [".", ">"],
};

/**
 * The key as tables name it: where a keyboard writes Thai, Lao or other letters it is known by its place; a locked
 * Shift changes none.
 */
export function pressedKey(event: KeyboardEvent): string {
  // A browser that fills in a field tells of keys that have no name.
  const { key = "", code = "", shiftKey } = event;
  if (/^[\x20-\x7e]+$/.test(key))
    return key.length === 1 && event.getModifierState("CapsLock") ? cased(key, shiftKey) : key;
  const letter = /^Key([A-Z])$/.exec(code)?.[1];
  if (letter !== undefined) return cased(letter, shiftKey);
  return /^Digit(\d)$/.exec(code)?.[1] ?? SIGNS[code]?.[shiftKey ? 1 : 0] ?? key;
}

/** Whether a dialog must be answered first, wherever the focus has gone: it has keys of its own. */
export function isDialogOpen(): boolean {
  return document.querySelector("dialog[open]") !== null;
}

function cased(letter: string, shifted: boolean): string {
  return shifted ? letter.toUpperCase() : letter.toLowerCase();
}
