/** Makes the page open with no network, says when a newer one is there, and offers to put it on the home screen. */
import { signal } from "@preact/signals";

/** A newer page is ready; the crew says when. */
export const newer = signal(false);
/** The page is kept for no network; null while that is not known. */
export const worksOffline = signal<boolean | null>(null);
/** The browser promised not to clear what is stored. */
export const isPersistent = signal<boolean | null>(null);

interface InstallPrompt extends Event {
  prompt(): Promise<unknown>;
}
export const canInstall = signal<InstallPrompt | null>(null);

const waiting = signal<ServiceWorker | null>(null);

/** @param scope `/crew` or `/enrol`: the two pages only, never the live map. */
export async function keepPage(scope: string): Promise<void> {
  addEventListener("beforeinstallprompt", (event) => {
    event.preventDefault();
    canInstall.value = event as InstallPrompt;
  });
  addEventListener("appinstalled", () => {
    canInstall.value = null;
  });
  if (!("serviceWorker" in navigator)) {
    worksOffline.value = false;
    return;
  }
  const had = navigator.serviceWorker.controller !== null;
  try {
    const found = await navigator.serviceWorker.register("/sw.js", { scope, updateViaCache: "none" });
    if (found.waiting !== null && had) ready(found.waiting);
    found.addEventListener("updatefound", () => {
      const next = found.installing;
      next?.addEventListener("statechange", () => {
        if (next.state === "installed" && navigator.serviceWorker.controller !== null) ready(next);
      });
    });
    await navigator.serviceWorker.ready;
    worksOffline.value = true;
    setInterval(() => void found.update().catch(() => undefined), 3_600_000);
  } catch {
    worksOffline.value = false; // no such file, or storage is off: the page works as long as it is open
  }
  isPersistent.value = (await navigator.storage?.persisted?.()) ?? null;
}

function ready(worker: ServiceWorker): void {
  waiting.value = worker;
  newer.value = true;
}

/** Turns to the newer page. What waits and what is being written lies on the disk. */
export function installUpdate(): void {
  if (waiting.peek()?.state !== "installed") return location.reload(); // another tab has turned to it already
  navigator.serviceWorker.addEventListener("controllerchange", () => location.reload(), { once: true });
  waiting.peek()?.postMessage("take over");
}

export async function install(): Promise<void> {
  await canInstall.peek()?.prompt();
  canInstall.value = null;
}

/** Asks the browser to keep what is stored, whatever else fills the phone. */
export async function keepForever(): Promise<void> {
  isPersistent.value = (await navigator.storage?.persist?.()) ?? false;
}
