/** In whose turn something is sent from one phone, and by which key. Pure. */
import type { Profile } from "./database.ts";
import { byReportingKey, RANKS, type Rank } from "./reports.ts";
import { type By, Failure } from "./server.ts";

type Keys = Pick<Profile, "device" | "reporting_key">;

/**
 * The key for a rank: undefined when it takes the PIN to have it. `who` is the profile as its PIN opened it, or null.
 */
export function keyFor(profile: Keys, who: { key: string | null } | null, rank: Rank): By | undefined {
  if (profile.device === null) return null;
  if (byReportingKey(rank) && profile.reporting_key !== null) return profile.reporting_key;
  return who === null ? undefined : (who.key ?? undefined);
}

/** What can be sent now, what goes first first. */
export function sendableRanks(profile: Keys, who: { key: string | null } | null): readonly Rank[] {
  return RANKS.filter((rank) => keyFor(profile, who, rank) !== undefined);
}

/**
 * Whether the server, and not something on the way to it, says that it cannot read what was sent: then it never will.
 */
export function isUnreadable(fault: unknown): fault is Failure {
  if (!(fault instanceof Failure)) return false;
  // A proxy that lets nothing so long through is as final.
  return fault.status === 413 || ([400, 415, 422].includes(fault.status) && fault.error !== "");
}

/** Whether a fault is about who asks: the next one on this phone may well get through. */
export function isShutOut(fault: unknown): boolean {
  return fault instanceof Failure && (fault.status === 401 || fault.status === 403);
}

/**
 * Does something for each of a phone's profiles, one after the other. Who is shut out stands in nobody's way; where
 * there is no answer at all nobody else is tried. Throws that, or that the one is shut out whose page it is.
 */
export async function forEach<T extends { id: string }>(
  profiles: readonly T[],
  active: string | null,
  act: (profile: T) => Promise<void>,
): Promise<void> {
  let shut: unknown = null;
  for (const profile of profiles) {
    try {
      await act(profile);
    } catch (fault) {
      if (!isShutOut(fault)) throw fault;
      if (profile.id === active) shut = fault;
    }
  }
  if (shut !== null) throw shut;
}
