/** The keyboard's focus goes to what a key or a link asked for, and is taken from nobody who types meanwhile. */

/**
 * Brings the focus to what `find` finds: at once where it takes it, so that the next key goes there; else as soon as
 * what the key changed is drawn, before the next key is told; else with one of the next pictures, unless a key was
 * pressed or the focus has gone elsewhere by then.
 *
 * @param enter what is done with it.
 */
export function bringFocus(
  find: () => HTMLElement | null,
  enter: (found: HTMLElement) => void = (found) => found.focus(),
): void {
  const before = document.activeElement;
  const tried = (): boolean => {
    const found = find();
    if (found === null) return false;
    enter(found);
    return document.activeElement === found; // what cannot be seen takes none
  };
  if (tried()) return;
  queueMicrotask(() => {
    if (tried()) return;
    let pressed = false;
    const note = (): void => {
      pressed = true;
    };
    document.addEventListener("keydown", note, true);
    requestAnimationFrame(() =>
      requestAnimationFrame(() => {
        document.removeEventListener("keydown", note, true);
        if (!pressed && (document.activeElement === before || document.activeElement === document.body)) tried();
      }),
    );
  });
}

/** Whether somebody types: what comes late takes no focus then. */
export function isTyping(): boolean {
  return document.activeElement?.closest("input, select, textarea, dialog[open]") != null;
}
