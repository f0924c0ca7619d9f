/** Messages to radios and the ways to them. */
import {
  figure,
  flag,
  listOf,
  moment,
  nullable,
  object,
  optional,
  recordOf,
  text,
  type ValueOf,
  wordOf,
} from "./parser.ts";

export const MessageKind = wordOf<"distress" | "alert" | "poll" | "text" | "mark">();

export type MessageKind = ValueOf<typeof MessageKind>;

export const MessageState = wordOf<
  "queued" | "sent" | "acknowledged" | "delivered" | "read" | "failed" | "expired" | "refused" | "cancelled"
>();
export type MessageState = ValueOf<typeof MessageState>;

export const MessageStep = object({
  state: MessageState,
  at: moment,
  /** Short fixed word for what is in the way; `detail` says the same for people. */
  why: optional(text),
  detail: optional(text),
  attempts: optional(figure),
});
export type MessageStep = ValueOf<typeof MessageStep>;

/** Something to say to a radio, and what became of it. */
export const RadioMessage = object({
  id: text,
  kind: MessageKind,
  channel: text,
  operator: text,
  created_at: moment,
  expires_at: moment,
  /** Absent means queued. */
  state: optional(MessageState),
  unit: optional(nullable(text)),
  address: optional(nullable(text)),
  text: optional(text),
  reason: optional(text),
  final: optional(flag),
  history: optional(listOf(MessageStep)),
});
export type RadioMessage = ValueOf<typeof RadioMessage>;

/** One way to a radio, and the kinds of message it takes or why not. */
export const Route = object({
  address: text,
  channel: text,
  heard_at: moment,
  takes: optional(listOf(MessageKind)),
  refuses: optional(recordOf(object({ reason: text, detail: text }))),
});
export type Route = ValueOf<typeof Route>;

export const PlaceRadios = object({
  /** Channels that may show it now. */
  channels: listOf(text),
  /** Newest first. */
  orders: listOf(RadioMessage),
});
export type PlaceRadios = ValueOf<typeof PlaceRadios>;
