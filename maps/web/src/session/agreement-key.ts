/** An officer's passkey under an act about an agreement, where there is one at this address. */

import { CallError, call, fetchJson } from "../wire/calls.ts";
import { flag, listOf, nothing, object } from "../wire/parser.ts";
import { knowsPasskeys, usePasskey } from "./passkey-device.ts";

/** The passkey was asked and did not sign: its owner would not, or the device could not. */
export class NoKey extends Error {}

/** Whether this person has a passkey that is good here. */
export async function hasKey(): Promise<boolean> {
  if (!knowsPasskeys()) return false;
  const { passkeys } = await fetchJson(
    "/api/session/passkeys",
    object({
      passkeys: listOf(
        object({
          here: flag,
        }),
      ),
    }),
  );
  return passkeys.some((each) => each.here);
}

/** Does it: signed with the passkey that `hasKey` tells of, else by the session alone. */
export async function actOn(
  agreement: string,
  act: string,
  what: object,
  { more = {}, byKey }: { more?: object; byKey: boolean },
): Promise<void> {
  const path = `/api/agreements/${encodeURIComponent(agreement)}`;
  const passkey = byKey ? await signed(path, { act, ...what }) : undefined;
  return call("POST", `${path}/${act}`, nothing, { ...what, ...more, ...(passkey && { passkey }) });
}

async function signed(path: string, body: object): Promise<Record<string, string>> {
  try {
    return await usePasskey(`${path}/challenge`, body);
  } catch (caught) {
    throw caught instanceof CallError ? caught : new NoKey();
  }
}
