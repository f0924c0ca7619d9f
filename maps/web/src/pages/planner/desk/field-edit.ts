/** Whether something is typed in a field that counts only once the field is left. */

/** The one that is typed in; written by the listeners of `followTyping` alone. */
let field: EventTarget | null = null;

/** Follows what is typed anywhere in `page`. */
export function followTyping(page: EventTarget): void {
  page.addEventListener(
    "input",
    ({ target }) => {
      field = target;
    },
    true,
  );
  page.addEventListener(
    "change",
    () => {
      field = null;
    },
    true,
  );
}

/**
 * Has what is typed in `target` count now. A field that nobody has touched is told nothing: it shows its value rounded,
 * or is a box to tick.
 */
export function takeTyped(target: EventTarget): void {
  if (field === target) target.dispatchEvent(new Event("change", { bubbles: true }));
}
