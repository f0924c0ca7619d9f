/** Sealing: what lies on the phone can be read only with a crew's PIN. Pure WebCrypto, no storage.
 *
 * A profile has a random data key (AES-256-GCM), wrapped by a key that is made from the PIN
 * (PBKDF2, HMAC-SHA-256), and a pair of keys (ECDH P-256). With the page locked only the public half
 * is at hand: what is sealed to it then (a throw-away pair, HKDF, AES-GCM) waits for the PIN.
 *
 * Source: Web Cryptography API (W3C, 2017); NIST SP 800-38D; OWASP Password Storage cheat sheet
 * (PBKDF2-HMAC-SHA-256, 600,000 rounds).
 */

export type Bytes = Uint8Array<ArrayBuffer>;

/** AES-GCM: a nonce of 12 bytes, and the text with its 16 bytes of tag. */
export interface Sealed {
  iv: Bytes;
  data: Bytes;
}

/** Sealed to a public key: the throw-away half that the reader needs. */
export interface SealedTo extends Sealed {
  from: Bytes;
}

/** A data key wrapped by a PIN. */
export interface Wrapped extends Sealed {
  salt: Bytes;
  rounds: number;
}

export interface Pair {
  /** Uncompressed point, 65 bytes. */
  open: Bytes;
  /** PKCS #8, sealed with the data key. */
  secret: Sealed;
}

export const ROUNDS = 650_000;

const CURVE = { name: "ECDH", namedCurve: "P-256" } as const;
const coder = new TextEncoder();
const decoder = new TextDecoder();

export function randomBytes(count: number): Bytes {
  return crypto.getRandomValues(new Uint8Array(count));
}

/** A new data key, as bytes: they live no longer than it takes to wrap them. */
export function newDataKey(): Bytes {
  return randomBytes(32);
}

/** The key as the browser holds it: scripts can use it, not read it. */
export function dataKey(bytes: Bytes): Promise<CryptoKey> {
  return crypto.subtle.importKey("raw", bytes, "AES-GCM", false, ["encrypt", "decrypt"]);
}

export async function wrapKey(bytes: Bytes, pin: string, rounds = ROUNDS): Promise<Wrapped> {
  const salt = randomBytes(16);
  return { ...(await sealBytes(await pinKey(pin, salt, rounds), bytes)), salt, rounds };
}

/** The data key's bytes; null when the PIN is wrong. */
export async function unwrapKey(wrapped: Wrapped, pin: string): Promise<Bytes | null> {
  try {
    return await openBytes(await pinKey(pin, wrapped.salt, wrapped.rounds), wrapped);
  } catch {
    return null; // the tag does not fit
  }
}

async function pinKey(pin: string, salt: Bytes, rounds: number): Promise<CryptoKey> {
  const rawPin = await crypto.subtle.importKey("raw", coder.encode(pin.normalize("NFKC")), "PBKDF2", false, [
    "deriveKey",
  ]);
  return crypto.subtle.deriveKey(
    { name: "PBKDF2", hash: "SHA-256", salt, iterations: rounds },
    rawPin,
    { name: "AES-GCM", length: 256 },
    false,
    ["encrypt", "decrypt"],
  );
}

export async function sealBytes(key: CryptoKey, bytes: Bytes): Promise<Sealed> {
  const iv = randomBytes(12);
  return { iv, data: new Uint8Array(await crypto.subtle.encrypt({ name: "AES-GCM", iv }, key, bytes)) };
}

/** Throws when the key is another or the bytes were changed. */
export async function openBytes(key: CryptoKey, sealed: Sealed): Promise<Bytes> {
  return new Uint8Array(await crypto.subtle.decrypt({ name: "AES-GCM", iv: sealed.iv }, key, sealed.data));
}

export function seal(key: CryptoKey, value: unknown): Promise<Sealed> {
  return sealBytes(key, coder.encode(JSON.stringify(value)));
}

export async function open<T>(key: CryptoKey, sealed: Sealed): Promise<T> {
  return JSON.parse(decoder.decode(await openBytes(key, sealed))) as T;
}

export async function newPair(key: CryptoKey): Promise<Pair> {
  const pair = await crypto.subtle.generateKey(CURVE, true, ["deriveBits"]);
  const point = new Uint8Array(await crypto.subtle.exportKey("raw", pair.publicKey));
  const secret = new Uint8Array(await crypto.subtle.exportKey("pkcs8", pair.privateKey));
  return { open: point, secret: await sealBytes(key, secret) };
}

export async function secretHalf(key: CryptoKey, pair: Pair): Promise<CryptoKey> {
  return crypto.subtle.importKey("pkcs8", await openBytes(key, pair.secret), CURVE, false, ["deriveBits"]);
}

export async function sealBytesTo(point: Bytes, bytes: Bytes): Promise<SealedTo> {
  const once = await crypto.subtle.generateKey(CURVE, false, ["deriveBits"]);
  const from = new Uint8Array(await crypto.subtle.exportKey("raw", once.publicKey));
  const key = await agreed(once.privateKey, point, from, point);
  return { ...(await sealBytes(key, bytes)), from };
}

export function sealTo(point: Bytes, value: unknown): Promise<SealedTo> {
  return sealBytesTo(point, coder.encode(JSON.stringify(value)));
}

export async function openTo<T>(secret: CryptoKey, point: Bytes, sealed: SealedTo): Promise<T> {
  const key = await agreed(secret, sealed.from, sealed.from, point);
  return JSON.parse(decoder.decode(await openBytes(key, sealed))) as T;
}

/** The key that two halves agree on, bound to both points (RFC 5869). */
async function agreed(secret: CryptoKey, point: Bytes, from: Bytes, to: Bytes): Promise<CryptoKey> {
  const other = await crypto.subtle.importKey("raw", point, CURVE, false, []);
  const bits = await crypto.subtle.deriveBits({ name: "ECDH", public: other }, secret, 256);
  const shared = await crypto.subtle.importKey("raw", bits, "HKDF", false, ["deriveKey"]);
  const info = new Uint8Array([...coder.encode("joint-patrol crew "), ...from, ...to]);
  return crypto.subtle.deriveKey(
    { name: "HKDF", hash: "SHA-256", salt: new Uint8Array(), info },
    shared,
    { name: "AES-GCM", length: 256 },
    false,
    ["encrypt", "decrypt"],
  );
}
