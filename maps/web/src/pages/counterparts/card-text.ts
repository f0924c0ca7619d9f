/** A card as one line of text, as it is pasted, stands in a file or was scanned. Pure. */
import type { NodeCard } from "../../wire/counterparts.ts";

const BEGINNING = "JOINT-PATROL-CARD-1.";
/** The server's bound; a mail programme may have broken the line into many. */
const LONGEST = 8 * 1024;

/** The card without blanks and line breaks, with whatever stands before it or behind a blank line left out; else null. */
export function cardIn(found: string): string | null {
  const begin = found.indexOf(BEGINNING);
  if (begin < 0) return null;
  const card = found
    .slice(begin)
    .replace(/\n\s*\n.*/s, "")
    .replace(/\s+/g, "");
  return card.length <= LONGEST && /^JOINT-PATROL-CARD-1\.[\w-]+$/.test(card) ? card : null;
}

/** Name of the file of a card: `joint-patrol-card-hx-3.txt`. */
export function cardFileName({ node, number }: NodeCard): string {
  return `joint-patrol-card-${node}-${number}.txt`;
}

/** A key of 32 bytes, base64, as people compare it: hexadecimal, in groups of four. What is no base64 stays as it is. */
export function keyWords(key: string): string {
  let bytes: string;
  try {
    bytes = atob(key);
  } catch {
    return key;
  }
  const hex = [...bytes].map((each) => each.charCodeAt(0).toString(16).padStart(2, "0")).join("");
  return hex.replace(/(.{4})(?=.)/g, "$1 ");
}
