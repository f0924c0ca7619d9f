/**
 * Notices that somebody else has signed in with this browser: this page is not for them, and their acts would be done
 * from it.
 */

import { computed, effect } from "@preact/signals";
import { session } from "../session/session.ts";
import { fetchJson } from "../wire/calls.ts";
import { Session } from "../wire/session.ts";
import { liveStatus } from "./signals.ts";

/** Looks whenever somebody comes back to the page, and whenever its stream was opened again. */
export function watchUserChange(): void {
  addEventListener("focus", () => void look());
  const open = computed(() => liveStatus.value.open);
  let opened = 0;
  effect(() => {
    if (open.value && (opened += 1) > 1) void look();
  });
}

async function look(): Promise<void> {
  const before = session.peek();
  try {
    const { user, agency, role } = await fetchJson("/api/session", Session);
    if (before !== null && (user !== before.user || agency.id !== before.agency.id || role !== before.role))
      location.reload();
  } catch {
    // The stream says when nobody is signed in, or the server is away.
  }
}
