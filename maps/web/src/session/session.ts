/** Who is signed in on this page, and what that person may do. */
import { computed, signal } from "@preact/signals";
import type { Session } from "../wire/session.ts";

export const session = signal<Session | null>(null);
export const timeZone = computed(() => session.value?.node.time_zone ?? "UTC");

export function may(permission: string): boolean {
  return session.value?.permissions.includes(permission) ?? false;
}
