/** Lets the calls of a page ask for a proof of identity; the dialog comes when it is asked for, for few ever need it. */
import { setProofPrompt } from "../../wire/calls.ts";

export function promptForProof(): void {
  setProofPrompt(async () => (await import("./proof-dialog.tsx")).showProof());
}
