/**
 * The camera's own files: kept sealed on the phone until their small pictures are with the office, then sent when there
 * is a good link.
 *
 * A database of its own: the other one holds what must go out at once, and a page of an older version that is still
 * open somewhere would hold up a change of its form, and with it a call for help.
 */

import { signal } from "@preact/signals";
import { type DBSchema, type IDBPDatabase, openDB } from "idb";
import { Connection } from "./connection.ts";
import { type Bytes, openBytes, type Sealed, sealBytes } from "./encryption.ts";
import type { Opened } from "./keys.ts";

/** Bytes that the office takes of one. */
export const LONGEST = 16 * 2 ** 20;

interface Kept {
  /** Of the small picture. */
  id: string;
  profile: string;
  sealed: Sealed;
  /** `draft`: the small picture is not with the office yet. */
  state: "draft" | "due";
}

interface Schema extends DBSchema {
  originals: { key: string; value: Kept; indexes: { turn: [string, string] } };
}

/** How many of this profile wait for a good link. */
export const waiting = signal(0);

const connection = new Connection<Schema>((lost) =>
  openDB<Schema>("joint-patrol-crew-originals", 1, {
    upgrade(db) {
      db.createObjectStore("originals", { keyPath: "id" }).createIndex("turn", ["profile", "state"]);
    },
    terminated: lost,
  }),
);

function database(): Promise<IDBPDatabase<Schema>> {
  return connection.get();
}

/**
 * Keeps the camera's file of a picture; false where it is too large, or the phone has no room: the picture goes without
 * it.
 */
export async function keepOriginal(id: string, file: Blob, opened: Opened): Promise<boolean> {
  if (file.size > LONGEST) return false;
  try {
    const sealed = await sealBytes(opened.data, new Uint8Array(await file.arrayBuffer()));
    await (await database()).put("originals", { id, profile: opened.profile.id, sealed, state: "draft" });
    return true;
  } catch {
    return false;
  }
}

/** The office has the small picture: now its original may go. */
export async function originalDue(id: string): Promise<void> {
  try {
    const tx = (await database()).transaction("originals", "readwrite");
    const row = await tx.store.get(id);
    if (row !== undefined) await tx.store.put({ ...row, state: "due" });
    await tx.done;
  } catch {
    // A picture that is with the office must leave the phone, whatever becomes of its original.
  }
}

/** It is with the office, or nobody will have it. */
export async function dropOriginal(id: string): Promise<void> {
  try {
    await (await database()).delete("originals", id);
  } catch {
    // What is left behind costs room, nothing else.
  }
}

const broken = new Set<string>();

/** The next one that may go; null when none may. */
export async function nextOriginal(opened: Opened): Promise<{ id: string; bytes: Bytes } | null> {
  const db = await database();
  const keys = (await db.getAllKeysFromIndex("originals", "turn", IDBKeyRange.only([opened.profile.id, "due"]))).filter(
    (id) => !broken.has(id),
  );
  waiting.value = keys.length;
  for (const id of keys) {
    try {
      const row = await db.get("originals", id); // one at a time: each may be many megabytes
      if (row !== undefined) return { id, bytes: await openBytes(opened.data, row.sealed) };
    } catch {
      broken.add(id);
    }
  }
  return null;
}

/** Of a browser that says what its network is like: not all do. */
export interface Network {
  saveData?: boolean;
  effectiveType?: string;
}

/** Bytes a second below which a link is not good: 4 MB would take more than a minute. */
const GOOD_RATE = 60_000;

/**
 * Whether a link carries megabytes at ease. `rate`: bytes a second of the last picture that went; null when none has.
 */
export function isGood(network: Network | undefined, rate: number | null): boolean {
  if (network?.saveData === true) return false;
  if (rate !== null) return rate >= GOOD_RATE;
  return network?.effectiveType === undefined || network.effectiveType === "4g";
}
