/** Passkeys of this browser's devices: made, and used, as the server asks (WebAuthn Level 2, 5.1). */

import { call } from "../wire/calls.ts";
import { listOf, object, oneOf, optional, text, type ValueOf, wordOf } from "../wire/parser.ts";

const Descriptor = object({
  id: text,
  type: oneOf("public-key"),
  transports: optional(listOf(wordOf<AuthenticatorTransport>())),
});
type Descriptor = ValueOf<typeof Descriptor>;

/** What the server asks of the browser: bytes as base64url. */
const Challenge = object({
  options: object({
    challenge: text,
    excludeCredentials: optional(listOf(Descriptor)),
    allowCredentials: optional(listOf(Descriptor)),
    user: optional(object({ id: text, name: text, displayName: text })),
  }),
  /** Goes back with the answer, of an act that is signed. */
  nonce: optional(text),
});

/** Whether this browser knows passkeys at all; whether the address is good for them the server says. */
export function knowsPasskeys(): boolean {
  return "PublicKeyCredential" in window;
}

/**
 * Has a device make a passkey; what the server is to be told of it. Rejects where the person or the device will not.
 */
export async function makePasskey(path: string): Promise<Record<string, string>> {
  const { options } = await call("POST", path, Challenge);
  const user = options.user && { ...options.user, id: bytesOf(options.user.id) };
  const publicKey = {
    ...options,
    challenge: bytesOf(options.challenge),
    user,
    excludeCredentials: descriptors(options.excludeCredentials),
  } as unknown as PublicKeyCredentialCreationOptions;
  const credential = (await navigator.credentials.create({ publicKey })) as PublicKeyCredential;
  const response = credential.response as AuthenticatorAttestationResponse;
  return {
    credential: textOf(credential.rawId),
    client_data: textOf(response.clientDataJSON),
    attestation: textOf(response.attestationObject),
  };
}

/** Has a device use a passkey; what the server is to be told of it. Rejects where the person or the device will not. */
export async function usePasskey(path: string, body?: object): Promise<Record<string, string>> {
  const { options, nonce } = await call("POST", path, Challenge, body);
  const publicKey = {
    ...options,
    challenge: bytesOf(options.challenge),
    allowCredentials: descriptors(options.allowCredentials),
  } as unknown as PublicKeyCredentialRequestOptions;
  const used = (await navigator.credentials.get({ publicKey })) as PublicKeyCredential;
  const response = used.response as AuthenticatorAssertionResponse;
  return {
    credential: textOf(used.rawId),
    client_data: textOf(response.clientDataJSON),
    authenticator_data: textOf(response.authenticatorData),
    signature: textOf(response.signature),
    ...(nonce !== undefined && { nonce }),
  };
}

function descriptors(of: Descriptor[] | undefined): PublicKeyCredentialDescriptor[] {
  return (of ?? []).map((each) => ({ ...each, id: bytesOf(each.id) }));
}

function bytesOf(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (letter) => letter.charCodeAt(0));
}

function textOf(bytes: ArrayBuffer): string {
  return btoa(String.fromCharCode(...new Uint8Array(bytes)))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replaceAll("=", "");
}
