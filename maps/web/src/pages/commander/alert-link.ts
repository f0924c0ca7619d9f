/** Which alert a mail's link or a notification asks for: its card is brought to where it can be seen. */
import { effect } from "@preact/signals";
import { bringFocus, isTyping } from "../../browser/focus.ts";
import { alerts, chosenId } from "./desk/queue.ts";
import { openTab } from "./desk/selection.ts";

/** Reads `?alert=ID` once and listens for the same of the notifications' worker (`worker/push.ts`). */
export function openLinkedAlerts(): void {
  const alertId = new URLSearchParams(location.search).get("alert");
  if (alertId !== null) {
    // Not twice: a reload comes back to what the person has looked at since.
    history.replaceState(history.state, "", location.pathname + location.hash);
    show(alertId);
  }
  navigator.serviceWorker?.addEventListener("message", (event: MessageEvent) => {
    const url = (event.data as { open?: unknown } | null)?.open;
    const id = typeof url === "string" ? new URL(url, location.origin).searchParams.get("alert") : null;
    if (id !== null) show(id);
  });
}

/** Chooses the card, once the stream has brought it; one that is closed by then never comes. */
function show(id: string): void {
  openTab("alerts");
  const find = (): HTMLElement | null => document.getElementById(`card-${id}`);
  let [done, late] = [false, false];
  const stop = effect(() => {
    if (done || !alerts.value.some((each) => each.id === id)) return;
    done = true;
    chosenId.value = id;
    // Who was told to wait may have begun to type.
    bringFocus(find, (card) => (late && isTyping() ? card.scrollIntoView({ block: "nearest" }) : card.focus()));
  });
  late = true;
  setTimeout(stop, 30_000);
}
