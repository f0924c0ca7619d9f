/**
 * The live stream: opens the WebSocket, opens it again with growing, jittered pauses, asks to resume
 * where it broke off, notices gaps, and tells the truth about how old the last word is.
 */

import { ownMs } from "../browser/steady-clock.ts";
import { type ItemFault, parseFrame } from "../wire/frame-parser.ts";
import type { Change, Snapshot } from "../wire/stream.ts";

/** Silence after which the stream counts as stopped. Beats come every 2 s; people are told by 5 s. */
export const STALE_AFTER_MS = 4500;
/** Silence after which an open socket is given up: the other end may be gone without a word. */
const GIVE_UP_AFTER_MS = 9000;
/**
 * The first word is the whole picture: on a thin line it takes long, and to begin anew each time would never bring it.
 */
const LONGEST_FIRST_WORD_MS = 90_000;
const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 15000;

export interface LiveStatus {
  /** A socket is open and has given its first word. */
  open: boolean;
  /** Nothing came for STALE_AFTER_MS: what is shown may be out of date. */
  stale: boolean;
  /** When the last frame came, milliseconds of this machine's clock (steady-clock.ts); null before the first. */
  heardAt: number | null;
  /** When the next attempt is due, same clock; null while one runs or the stream is open. */
  retryAt: number | null;
  /** The server will not serve this session. */
  refused: "signed-out" | "forbidden" | null;
}

export interface LiveReceiver {
  /** The text of every frame, before anything is read of it. */
  said?(text: string): void;
  /** Four times a second: this page follows the stream, or tries to. */
  tended?(): void;
  /** Both may throw: what was applied half-way is replaced by a fresh snapshot. */
  snapshot(frame: Snapshot): void;
  change(frame: Change): void;
  /** What of a frame could not be read, or why applying it failed; everything else of it stands. */
  faults?(faults: readonly ItemFault[], error?: unknown): void;
  /** The server's clock, milliseconds, as read from any frame at `heardAt`. */
  serverTime(serverMs: number, heardAt: number): void;
  status(status: LiveStatus): void;
}

export interface LiveOptions {
  url: string;
  receiver: LiveReceiver;
  open?: (url: string) => WebSocket;
  now?: () => number;
  random?: () => number;
}

export class LiveStream {
  readonly #options: Required<LiveOptions>;
  #socket: WebSocket | null = null;
  #stream: string | null = null;
  #seq = -1;
  #failures = 0;
  #openedAt = 0;
  #watch: ReturnType<typeof setInterval> | undefined;
  #retry: ReturnType<typeof setTimeout> | undefined;
  #status: LiveStatus = { open: false, stale: false, heardAt: null, retryAt: null, refused: null };

  constructor(options: LiveOptions) {
    this.#options = {
      open: (url) => new WebSocket(url),
      now: ownMs,
      random: Math.random,
      ...options,
    };
  }

  start(): void {
    this.#openedAt = this.#options.now();
    this.#watch = setInterval(() => this.check(), 250);
    this.#connect();
  }

  stop(): void {
    clearInterval(this.#watch);
    clearTimeout(this.#retry);
    this.#drop();
  }

  /**
   * Tries again at once: somebody asked, or the machine came back online. A socket that has been silent is not waited
   * for.
   */
  retryNow(): void {
    if (this.#status.refused !== null || (this.#socket !== null && !this.#status.stale)) return;
    clearTimeout(this.#retry);
    this.#drop();
    this.#say({ open: false });
    this.#connect();
  }

  /** Judges how long it has been silent. Runs four times a second. */
  check(): void {
    this.#options.receiver.tended?.();
    const silentMs = this.#options.now() - (this.#status.heardAt ?? this.#openedAt);
    const stale = silentMs > STALE_AFTER_MS;
    if (stale !== this.#status.stale) this.#say({ stale });
    const attemptMs = this.#options.now() - Math.max(this.#openedAt, this.#status.heardAt ?? 0);
    if (this.#socket !== null && attemptMs > this.#patienceMs(this.#socket)) this.#broken();
  }

  /** Longer with every try for a server that was reached and has yet to say its first word. */
  #patienceMs(socket: WebSocket): number {
    const waits = socket.readyState === 1 && (this.#status.heardAt ?? 0) < this.#openedAt;
    return waits
      ? Math.min(LONGEST_FIRST_WORD_MS, GIVE_UP_AFTER_MS * 2 ** Math.min(this.#failures, 10))
      : GIVE_UP_AFTER_MS;
  }

  #connect(): void {
    const query = `?tables=true${this.#stream === null ? "" : `&stream=${encodeURIComponent(this.#stream)}&since=${this.#seq}`}`;
    this.#openedAt = this.#options.now();
    this.#say({ retryAt: null });
    const socket = this.#options.open(this.#options.url + query);
    this.#socket = socket;
    socket.onmessage = (event) => {
      if (socket === this.#socket) this.#take(String(event.data));
    };
    socket.onclose = (event) => {
      if (socket !== this.#socket) return;
      if (event.code === 4401 || event.code === 4403) {
        this.#drop();
        this.#say({ open: false, refused: event.code === 4401 ? "signed-out" : "forbidden" });
      } else {
        this.#broken();
      }
    };
  }

  #take(text: string): void {
    const now = this.#options.now();
    const { receiver } = this.#options;
    receiver.said?.(text);
    const { frame, faults, unknown } = parseFrame(text);
    if (faults.length > 0) receiver.faults?.(faults);
    if (unknown) return;
    if (frame === null) return this.#anew();
    receiver.serverTime(Date.parse(frame.time), now);
    // Each number comes once and in order: one below the last is of another stream than the one that is followed.
    const contradicts = frame.type !== "snapshot" && frame.seq < this.#seq;
    if (contradicts) return this.#anew();
    if (frame.type !== "snapshot" && frame.seq > this.#seq + (frame.type === "change" ? 1 : 0)) return this.#gap();
    try {
      if (frame.type === "snapshot") receiver.snapshot(frame);
      else if (frame.type === "change" && frame.seq > this.#seq) receiver.change(frame);
    } catch (error) {
      receiver.faults?.([], error);
      return this.#anew();
    }
    // Only now: what was not applied is asked for again.
    if (frame.type === "snapshot") this.#stream = frame.stream;
    this.#seq = frame.seq;
    this.#failures = 0;
    this.#say({ open: true, stale: false, heardAt: now });
  }

  /** What was heard cannot be gone on from: begins with a fresh snapshot. */
  #anew(): void {
    this.#stream = null;
    this.#gap();
  }

  /** Something was missed: ask again for what follows the last change that was applied. */
  #gap(): void {
    this.#drop();
    this.#failures += 1;
    // A server that cannot fill the gap must send a snapshot: after two tries stop naming a place.
    if (this.#failures > 2) this.#stream = null;
    if (this.#failures > 5) return this.#pause();
    this.#connect();
  }

  #broken(): void {
    this.#drop();
    this.#failures += 1;
    this.#pause();
  }

  #pause(): void {
    const longest = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** Math.min(this.#failures - 1, 10));
    const pauseMs = longest * (0.5 + this.#options.random() / 2);
    this.#say({ open: false, retryAt: this.#options.now() + pauseMs });
    this.#retry = setTimeout(() => this.#connect(), pauseMs);
  }

  #drop(): void {
    const socket = this.#socket;
    this.#socket = null;
    if (socket === null) return;
    socket.onmessage = null;
    socket.onclose = null;
    // Closing a socket that is still connecting logs an error in the browser: let it open first.
    if (socket.readyState === 0) socket.onopen = () => socket.close();
    else socket.close();
  }

  #say(part: Partial<LiveStatus>): void {
    this.#status = { ...this.#status, ...part };
    this.#options.receiver.status(this.#status);
  }
}
