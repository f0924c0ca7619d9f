/**
 * Rings once for each thing that newly calls for somebody, and again every 30 s while anything does. A browser lets a
 * page sound only after somebody has pressed something on it: until then `muted` says so. A person may ask for quiet
 * for some minutes; calls for help sound all the same.
 */
import { signal } from "@preact/signals";
import { ownMs } from "../browser/steady-clock.ts";
import { storageSignal } from "../browser/storage.ts";

const AGAIN_MS = 30_000;
/**
 * Pitches in hertz, one after another, the gravest first. A call for help rises twice, an offer falls; what is grave
 * says it three times.
 */
const TUNES = {
  sos: [660, 880, 1100, 660, 880, 1100],
  offer: [880, 660, 880, 660],
  high: [740, 740, 740],
  alert: [523],
  text: [587, 784],
} as const;
export type Tune = keyof typeof TUNES;
const NOTE_S = 0.22;
const LOUDNESS = 0.22;

/** The browser does not let this page sound. */
export const muted = signal(false);

/** Minutes of quiet to choose from; the first is what the key asks for. */
export const QUIET_MIN = [10, 5, 30, 60] as const;
const LONGEST_QUIET_MS = 60 * 60_000;
const QUIET_KEY = "jp.quiet";
/** Until when only calls for help sound, milliseconds of this machine's clock (steady-clock.ts); 0 for no quiet. */
export const quietUntil = storageSignal<number>(QUIET_KEY, 0);

/** Milliseconds of quiet that are left. */
export function quietLeft(): number {
  const left = quietUntil.value - ownMs();
  return left > 0 && left <= LONGEST_QUIET_MS ? left : 0; // a clock that was put back must not make an hour a day
}

export function keepQuiet(minutes: number): void {
  quietUntil.value = minutes === 0 ? 0 : ownMs() + minutes * 60_000;
}

/** What calls for somebody, the sound device, and the timer that sounds again. */
class Bell {
  #context: AudioContext | null = null;
  #calling = new Map<string, Tune>();
  #again: ReturnType<typeof setInterval> | undefined;

  callFor(now: Map<string, Tune>): void {
    const news = [...now].filter(([id, tune]) => this.#calling.get(id) !== tune);
    this.#calling = now;
    if (news.length > 0) {
      clearInterval(this.#again);
      this.#again = setInterval(() => this.sound([...this.#calling.values()]), AGAIN_MS);
      this.sound(news.map(([, tune]) => tune));
    } else if (now.size === 0) {
      clearInterval(this.#again);
    }
  }

  start(): void {
    if (typeof AudioContext === "undefined") {
      muted.value = true;
      return;
    }
    this.#context = new AudioContext();
    this.#context.onstatechange = () => this.#judge();
    this.allow();
    for (const kind of ["pointerup", "keydown"]) addEventListener(kind, () => this.allow(), { capture: true });
  }

  allow(): void {
    this.#judge();
    // To ask before anybody has pressed anything is refused with a complaint; else the answer comes as a change of
    // state, or never.
    if (this.#context?.state === "suspended" && navigator.userActivation?.hasBeenActive !== false)
      void this.#context.resume();
  }

  /** The gravest of the tunes, once. */
  sound(tunes: Tune[]): void {
    const aloud = quietLeft() > 0 ? tunes.filter((each) => each === "sos") : tunes;
    const tune = (Object.keys(TUNES) as Tune[]).find((each) => aloud.includes(each));
    if (tune === undefined || this.#context?.state !== "running") return;
    const player = this.#context;
    TUNES[tune].forEach((pitch, i) => {
      const [note, volume] = [player.createOscillator(), player.createGain()];
      const start = player.currentTime + i * NOTE_S;
      note.type = "triangle";
      note.frequency.value = pitch;
      volume.gain.setValueAtTime(0, start);
      volume.gain.linearRampToValueAtTime(LOUDNESS, start + 0.02);
      volume.gain.setTargetAtTime(0, start + NOTE_S * 0.6, 0.04);
      note.connect(volume).connect(player.destination);
      note.start(start);
      note.stop(start + NOTE_S * 1.6);
    });
  }

  #judge(): void {
    const was = muted.peek();
    muted.value = this.#context?.state !== "running";
    if (was && !muted.peek()) this.sound([...this.#calling.values()]);
  }
}

const bell = new Bell();

/** Tells what calls now: ids, and what each sounds like. */
export function callFor(now: Map<string, Tune>): void {
  bell.callFor(now);
}

/** Sounds once for what is news and calls for nobody; not in quiet. */
export function soundOnce(tune: Tune): void {
  bell.sound([tune]);
}

/** Finds out whether the page may sound, and asks again with every press until it may. */
export function startBell(): void {
  // Quiet is asked of the browser, not of one of its tabs.
  addEventListener("storage", ({ key, newValue }) => {
    if (key === QUIET_KEY) quietUntil.value = Number(newValue);
  });
  bell.start();
}

/** Asks the browser to let the page sound. */
export function allow(): void {
  bell.allow();
}
