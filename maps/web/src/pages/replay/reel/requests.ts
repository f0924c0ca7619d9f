/** Asks for a part of a replay. The server reads few at once: who is told to come again waits as long as it says. */
import { CallError, problemFrom } from "../../../wire/calls.ts";

const BUSY: ReadonlySet<string> = new Set(["replay_busy", "too_many_replays"]);
const AGAIN_S = 3;
/** Whoever was told to come again for so long is told that the server is busy. */
const LONGEST_MS = 120_000;

export interface Waiting {
  stop?: AbortSignal;
  longestMs?: number;
}

export async function fetchPart(path: string, { stop, longestMs = LONGEST_MS }: Waiting = {}): Promise<Response> {
  const until = Date.now() + longestMs;
  for (;;) {
    const answer = await reach(path, stop);
    if (answer.ok) return answer;
    const fault = await problemFrom(answer);
    if (!BUSY.has(fault.slug)) throw fault;
    // Not all at the same moment: several parts and pages are told the same.
    const waitMs = (Number(answer.headers.get("retry-after") ?? AGAIN_S) || 0) * 1000 * (0.75 + Math.random() / 2);
    if (Date.now() + waitMs > until) throw fault;
    await pause(waitMs, stop);
  }
}

async function reach(path: string, stop?: AbortSignal): Promise<Response> {
  try {
    return await fetch(path, { credentials: "same-origin", ...(stop ? { signal: stop } : {}) });
  } catch (fault) {
    if (stop?.aborted) throw fault;
    throw new CallError(0, { error: "unreachable", message: "" });
  }
}

function pause(ms: number, stop?: AbortSignal): Promise<void> {
  return new Promise((done, gone) => {
    const timer = setTimeout(() => {
      stop?.removeEventListener("abort", ended);
      done();
    }, ms);
    function ended(): void {
      clearTimeout(timer);
      gone(stop?.reason);
    }
    stop?.addEventListener("abort", ended, { once: true });
    if (stop?.aborted) ended();
  });
}
