/** A dialog that opens with what drew it, before the next key is told, and gives the focus back. */
import type { RefObject } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";

/** For a component that is there while the dialog is: what its `<dialog>` takes as `ref`. */
export function useModal(): RefObject<HTMLDialogElement | null> {
  const dialog = useRef<HTMLDialogElement>(null);
  useLayoutEffect(() => {
    const opener = document.activeElement;
    dialog.current?.showModal();
    // Once it is gone: until then nothing behind it takes the focus.
    return () =>
      queueMicrotask(() => {
        if (opener instanceof HTMLElement && opener.isConnected && document.activeElement === document.body)
          opener.focus();
      });
  }, []);
  return dialog;
}
