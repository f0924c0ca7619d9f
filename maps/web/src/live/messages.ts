/** The messages to one unit and the ways to it, kept up to date while somebody looks. */

import { type Signal, signal } from "@preact/signals";
import { useEffect, useMemo } from "preact/hooks";
import { ownMs } from "../browser/steady-clock.ts";
import { now } from "../session/clock.ts";
import { fetchJson } from "../wire/calls.ts";
import type { MessageKind } from "../wire/messages.ts";
import { RadioMessage, Route } from "../wire/messages.ts";
import { listOf } from "../wire/parser.ts";
import { t } from "../words/index.ts";
import { type Found, unansweredId } from "./request-ids.ts";

const SHOWN = 5;
const WAITING_MS = 1500;
const QUIET_MS = 15_000;
/** An answer may come after a message is done with, for so long. */
const LATE_MS = 90_000;

/** Id of the unit whose form shall have the focus once it is there. */
export const toWrite = signal("");

/** A channel as people read it: the way to phones has no name of its own. */
export function channelName(channel: string): string {
  return channel === "phone" ? t("channel.phone") : channel;
}

export interface Messages {
  sent: Signal<RadioMessage[] | null>;
  routes: Signal<Route[] | null>;
  sentFault: Signal<unknown>;
  /** A message that came though its answer was lost. */
  found: Signal<Found | null>;
  routesFault: Signal<unknown>;
  again: () => void;
}

/** Reads both now, and again: soon while something is on its way, else now and then. */
export function useMessages(unit: string): Messages {
  const messages = useMemo<Messages>(
    () => ({
      sent: signal<RadioMessage[] | null>(null),
      routes: signal<Route[] | null>(null),
      sentFault: signal<unknown>(null),
      found: signal<Found | null>(null),
      routesFault: signal<unknown>(null),
      again: () => undefined,
    }),
    [unit],
  );
  useEffect(() => {
    let timer = 0;
    let routesAt = 0;
    let isCurrent = true;
    const query = `unit=${encodeURIComponent(unit)}`;
    const look = async (): Promise<void> => {
      clearTimeout(timer);
      const at = ownMs();
      const reads = [
        into(
          fetchJson(`/api/orders?${query}&limit=${SHOWN}`, listOf(RadioMessage)),
          messages.sent,
          messages.sentFault,
          () => isCurrent,
        ),
      ];
      if (at - routesAt >= QUIET_MS) {
        routesAt = at;
        reads.push(
          into(
            fetchJson(`/api/orders/routes?${query}`, listOf(Route)),
            messages.routes,
            messages.routesFault,
            () => isCurrent,
          ),
        );
      }
      await Promise.all([...reads, lookFor(unansweredId(unit), messages.found)]);
      if (isCurrent)
        timer = window.setTimeout(
          () => void look(),
          messages.sent.peek()?.some((each) => isOnItsWay(each, now.peek())) ? WAITING_MS : QUIET_MS,
        );
    };
    messages.again = () => {
      routesAt = 0;
      void look();
    };
    void look();
    return () => {
      isCurrent = false;
      clearTimeout(timer);
    };
  }, [unit, messages]);
  return messages;
}

/** Whether more may be told of a message soon. */
export function isOnItsWay(message: RadioMessage, nowMs: number): boolean {
  if (message.final !== true) return true;
  const last = message.history?.at(-1);
  return message.state === "sent" && last !== undefined && nowMs - Date.parse(last.at) < LATE_MS;
}

/** The way that a message of `kind` goes: the first that takes it, as the server chooses. */
export function wayFor(kind: MessageKind, routes: Route[]): Route | null {
  return routes.find((route) => route.takes?.includes(kind)) ?? null;
}

/** Looks whether a message came that was not answered. */
async function lookFor(sentAs: string | null, found: Signal<Found | null>): Promise<void> {
  if (sentAs === null) return;
  try {
    const [message] = await fetchJson(`/api/orders?request=${sentAs}`, listOf(RadioMessage));
    if (message !== undefined) found.value = { sentAs, message };
  } catch {
    // What is the matter is said beside the log, which is read with it; the next look asks again.
  }
}

async function into<T>(
  reading: Promise<T>,
  value: Signal<T | null>,
  fault: Signal<unknown>,
  wanted: () => boolean,
): Promise<void> {
  try {
    const read = await reading;
    if (!wanted()) return;
    value.value = read;
    fault.value = null;
  } catch (caught) {
    if (wanted()) fault.value = caught;
  }
}
