/**
 * Messages that were sent and not answered: nobody knows whether they came, so the same again goes under the same id.
 */
import type { MessageKind, RadioMessage } from "../wire/messages.ts";

interface Unanswered {
  id: string;
  kind: MessageKind;
  text: string;
}

/** By the unit's id: to look at another unit, or to mend words and mend them back, makes no other message of it. */
const last = new Map<string, Unanswered>();
/** Ids of what is under way: its answer is waited for, here or in a form that nobody looks at any more. */
const underWay = new Set<string>();

/** An id nobody else has, so that sending twice has one effect. */
export function newId(): string {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Notes that `text` is sent to `unit` now; returns under which id. */
export function idToSend(unit: string, kind: MessageKind, text: string): string {
  const known = last.get(unit);
  const id = known?.kind === kind && known.text === text ? known.id : newId();
  last.set(unit, { id, kind, text });
  underWay.add(id);
  return id;
}

/** Notes that no answer to it is waited for any more. */
export function waitedFor(id: string): void {
  underWay.delete(id);
}

/** Notes that the message was answered: what is said next is another. */
export function answered(unit: string, id: string): void {
  if (last.get(unit)?.id === id) last.delete(unit);
}

/** The id under which the last message to `unit` was sent, if no answer came and none is waited for. */
export function unansweredId(unit: string): string | null {
  const id = last.get(unit)?.id;
  return id === undefined || underWay.has(id) ? null : id;
}

/** A message that the server has under an id of ours, which is not the message's own. */
export interface Found {
  sentAs: string;
  message: RadioMessage;
}

/** Whether what was found is the message to `unit` that was not answered; the next is another then. */
export function takeFound(unit: string, found: Found): boolean {
  if (unansweredId(unit) !== found.sentAs) return false;
  last.delete(unit);
  return true;
}

const ENDED_UNSENT = new Set(["failed", "expired", "refused", "cancelled"]);

/** Whether nothing came of it, and nothing will. */
export function isInVain(message: RadioMessage): boolean {
  return message.final === true && ENDED_UNSENT.has(message.state ?? "queued");
}
