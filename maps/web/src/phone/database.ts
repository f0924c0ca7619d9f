/** The phone's own database: profiles, what waits to be sent, photos, and what is kept to work offline. */

import { type DBSchema, type IDBPDatabase, openDB } from "idb";
import { Connection } from "./connection.ts";
import type { Bytes, Pair, Sealed, SealedTo, Wrapped } from "./encryption.ts";

/**
 * One crew member on this phone. The name and the call sign are told on the locked page; the rest is sealed or of use
 * to nobody.
 */
export interface Profile {
  id: string;
  name: string;
  device: string | null;
  /** Call sign of the unit, or empty. */
  call_sign: string;
  wrapped: Wrapped;
  pair: Pair;
  /** The phone's key, sealed with the data key; null for a crew that signs in with a name. */
  key: Sealed | null;
  /** A newer one, given while this profile was locked: sealed to its pair. */
  renewed: SealedTo | null;
  /** Good for positions and SOS only, reads nothing: in the clear, so that they go out with the page locked. */
  reporting_key: string | null;
  /** Name of the user who signs in; null for an enrolled phone. */
  user: string | null;
  wrong: number;
  /** Until when no PIN is tried, ms UTC. */
  wait_until: number;
}

export type Lane = "urgent" | "routine";

/** One report that waits. What it says is in `sealed` only.
 *
 * `form` names the key that opens it: the data key; the profile's pair (written with the page locked);
 * or this phone's own key, which scripts can use and not read: for an SOS, which must go out after a
 * crash too, with nobody there to type a PIN.
 */
export interface QueuedReport {
  seq?: number;
  id: string;
  profile: string;
  /** 0 goes first; see `reports.ts`. */
  rank: number;
  lane: Lane;
  form: "data" | "pair" | "phone";
  sealed: Sealed | SealedTo;
  /** Not sent before, ms UTC: an SOS can be called off for some seconds. */
  not_before: number;
  state: "waiting" | "refused";
  /** Ids of photos that must be there too. */
  photos: string[];
  /** Why it was refused, sealed as the report is. */
  why?: Sealed | SealedTo;
  why_form?: QueuedReport["form"];
}

/** One photo that waits, sealed with the data key. */
export interface QueuedPhoto {
  id: string;
  profile: string;
  sealed: Sealed;
  type: string;
  size: number;
  /** `draft`: its report is still being written. */
  state: "draft" | "waiting" | "refused";
}

/** What one profile keeps to work offline, sealed with its data key. */
export interface OfflineCopy {
  profile: string;
  name: string;
  sealed: Sealed;
}

interface Schema extends DBSchema {
  profiles: { key: string; value: Profile };
  outbox: {
    key: number;
    value: QueuedReport;
    indexes: { id: string; profile: string; turn: [string, string, number] };
  };
  photos: { key: string; value: QueuedPhoto; indexes: { profile: string } };
  copies: { key: [string, string]; value: OfflineCopy };
  phone: { key: string; value: CryptoKey | Bytes | Sealed };
}

const connection = new Connection<Schema>((lost) =>
  openDB<Schema>("joint-patrol-crew", 1, {
    upgrade(db) {
      db.createObjectStore("profiles", { keyPath: "id" });
      const outbox = db.createObjectStore("outbox", { keyPath: "seq", autoIncrement: true });
      outbox.createIndex("id", "id", { unique: true });
      outbox.createIndex("profile", "profile");
      outbox.createIndex("turn", ["profile", "state", "rank"]);
      db.createObjectStore("photos", { keyPath: "id" }).createIndex("profile", "profile");
      db.createObjectStore("copies", { keyPath: ["profile", "name"] });
      db.createObjectStore("phone");
    },
    terminated: lost,
  }),
);

export function database(): Promise<IDBPDatabase<Schema>> {
  return connection.get();
}

/** This phone's own key: made once, used by scripts, read by none. */
export async function phoneKey(): Promise<CryptoKey> {
  const db = await database();
  const found = await db.get("phone", "key");
  if (found instanceof CryptoKey) return found;
  const key = await crypto.subtle.generateKey({ name: "AES-GCM", length: 256 }, false, ["encrypt", "decrypt"]);
  const tx = db.transaction("phone", "readwrite", { durability: "strict" });
  const before = await tx.store.get("key"); // another tab may have been quicker
  if (!(before instanceof CryptoKey)) await tx.store.put(key, "key");
  await tx.done;
  return before instanceof CryptoKey ? before : key;
}

/** A random id as the server takes it: 32 hexadecimal digits of a version 4 UUID. */
export function newId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  return [...bytes].map((each) => each.toString(16).padStart(2, "0")).join("");
}
