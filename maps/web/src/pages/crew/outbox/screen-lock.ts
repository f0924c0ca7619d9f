/** Keeps the screen of the phone on. */
import { signal } from "@preact/signals";

/** Whether it is kept on. */
export const awake = signal(false);
const lock = signal<WakeLockSentinel | null>(null);

export async function letSleep(): Promise<void> {
  await lock.peek()?.release();
  lock.value = null;
  awake.value = false;
}

export async function keepAwake(): Promise<void> {
  if (lock.peek()?.released === false) return;
  try {
    const got = await navigator.wakeLock.request("screen");
    lock.value = got;
    awake.value = true;
    got.addEventListener("release", () => {
      awake.value = false;
    });
  } catch {
    awake.value = false; // low battery, or the browser does not let: the page says so
  }
}
