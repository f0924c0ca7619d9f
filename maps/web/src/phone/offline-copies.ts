/** What a profile keeps to work offline, sealed with its data key. Of another agency nothing is kept. */

import type { CrewNow } from "../wire/crew.ts";
import { database } from "./database.ts";
import { open, seal } from "./encryption.ts";
import type { Opened } from "./keys.ts";

/**
 * `now`: what the server last said; `map`: the ground; `track`: where this phone was; `sent`: own texts; `done`: steps
 * of patrols that the server does not tell yet; `draft`: a form that was not sent yet.
 */
export type CopyName = "now" | "map" | "track" | "sent" | "done" | "draft";

export async function readCopy<T>(who: Opened, name: CopyName): Promise<T | null> {
  const row = await (await database()).get("copies", [who.profile.id, name]);
  if (row === undefined) return null;
  try {
    return await open<T>(who.data, row.sealed);
  } catch {
    return null; // damaged: the server tells it anew
  }
}

/**
 * Keeps a copy in place of the one before. A phone that is full keeps none, and that stops nothing: the page goes on
 * with what it has.
 */
export async function storeCopy(who: Opened, name: CopyName, value: unknown): Promise<void> {
  try {
    const sealed = await seal(who.data, value);
    await (await database()).put("copies", { profile: who.profile.id, name, sealed });
  } catch (fault) {
    console.warn(`not kept: ${name}`, fault);
  }
}

export async function dropCopy(who: Opened, name: CopyName): Promise<void> {
  await (await database()).delete("copies", [who.profile.id, name]);
}

/** What of the server's answer may lie on a phone: whoever finds it learns nothing of the other bank. */
export function storable(now: CrewNow): CrewNow {
  const sectors = now.sectors.filter((each) => each.agency === now.agency);
  const own = new Set(sectors.map((each) => each.id));
  return {
    ...now,
    sectors,
    patrols: now.patrols.map((each) => ({ ...each, sectors: each.sectors.filter((id) => own.has(id)) })),
  };
}
