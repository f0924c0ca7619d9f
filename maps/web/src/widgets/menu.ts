/** A menu that opens by a click on its summary, and closes by Escape or a click elsewhere. */
import type { RefObject } from "preact";
import { useEffect, useRef } from "preact/hooks";

/** The element to be the menu: give it as `ref` of a `details`. */
export function useMenu(): RefObject<HTMLDetailsElement | null> {
  const menu = useRef<HTMLDetailsElement>(null);
  useEffect(() => {
    const shut = (event: Event): void => {
      const away =
        event instanceof KeyboardEvent ? event.key === "Escape" : !menu.current?.contains(event.target as Node);
      if (away && menu.current) menu.current.open = false;
    };
    document.addEventListener("pointerdown", shut);
    document.addEventListener("keydown", shut);
    return () => {
      document.removeEventListener("pointerdown", shut);
      document.removeEventListener("keydown", shut);
    };
  }, []);
  return menu;
}
