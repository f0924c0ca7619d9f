/**
 * What an evidence file leaves out, by the words of `maps/evidence/evidence_file.py`: known by the role before, told by
 * the server after. Pure.
 */

import { SEE_JOURNAL, SEE_SENT } from "../../../session/permissions.ts";
import type { Words } from "../../../words/index.ts";

const WORDS: Readonly<Record<string, Words>> = {
  "transmissions: the role may not see them": "replay.left_out.sent_role",
  "transmissions: none of the agency's own units": "replay.left_out.sent_own",
  "transmissions: more than can be told": "replay.left_out.sent_many",
  "journal: the role sees only how its rows hang together": "replay.left_out.journal_role",
  "journal: more rows than can be told": "replay.left_out.journal_many",
  "papers: more than can be told": "replay.left_out.papers_many",
  "originals: more than can be told": "replay.left_out.originals_many",
  "texts: more than can be told": "replay.left_out.texts_many",
};

/** What a file will leave out for somebody who may do no more than `may` says. */
export function leftOutFor(may: (act: string) => boolean): Words[] {
  const found: Words[] = [];
  if (!may(SEE_SENT)) found.push("replay.left_out.sent_role");
  if (!may(SEE_JOURNAL)) found.push("replay.left_out.journal_role");
  return found;
}

/**
 * What the server left out of a file, by its header `left-out`; what this page has no words for stays in the server's.
 */
export function leftOutOf(headers: Headers): { words: Words | null; text: string }[] {
  const entries = (headers.get("left-out") ?? "").split(", ").filter((each) => each !== "");
  return entries.map((text) => ({ words: WORDS[text] ?? null, text }));
}
