/** This browser's subscription to notifications: its own small service worker, and the server's list. */

import { signal } from "@preact/signals";
import { storageSignal } from "../../browser/storage.ts";
import { DeliveryTestResult, PushBrowser } from "../../wire/accounts.ts";
import { call, fetchJson } from "../../wire/calls.ts";
import { listOf, nothing } from "../../wire/parser.ts";

/** Id of this browser at the server; empty while it is not subscribed. */
export const ownId = storageSignal<string>("jp.push", "");

/** Grows whenever the list has changed beside what is done in it. */
export const turns = signal(0);

const WORKER = "/push.js";
const SCOPE = "/account";
const LIST = "/api/deliveries/browsers";

/** Why this browser cannot take notifications; null where it can. */
export function cannot(): "browser" | "denied" | null {
  if (
    !window.isSecureContext ||
    !("serviceWorker" in navigator) ||
    !("PushManager" in window) ||
    !("Notification" in window)
  )
    return "browser";
  return Notification.permission === "denied" ? "denied" : null;
}

/** Asks the person, subscribes at the browser's push service, and tells the server. */
export async function subscribe(key: string, label: string): Promise<void> {
  if ((await Notification.requestPermission()) !== "granted") throw new DOMException("", "NotAllowedError");
  const registration = await navigator.serviceWorker.register(WORKER, { scope: SCOPE });
  await active(registration);
  // A subscription under another key of the server's is worth nothing.
  await (await registration.pushManager.getSubscription())?.unsubscribe();
  const subscription = await registration.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: key });
  await register(subscription, label);
}

async function register(made: PushSubscription, label: string): Promise<void> {
  const { endpoint, keys } = made.toJSON();
  const known = await call("POST", LIST, PushBrowser, {
    endpoint,
    keys: { p256dh: keys?.["p256dh"], auth: keys?.["auth"] },
    label,
  });
  ownId.value = known.id;
}

/** Does what ends the notifications of all browsers, and has this one take them again if it did before. */
export async function keepOver(act: () => Promise<unknown>): Promise<void> {
  const id = ownId.peek();
  const known = id === "" ? undefined : (await list().catch(() => [])).find((each) => each.id === id);
  await act();
  if (known !== undefined) await takeAgain(known.label);
  turns.value += 1;
}

async function takeAgain(label: string): Promise<void> {
  try {
    const registration = await navigator.serviceWorker?.getRegistration(SCOPE);
    const subscription = await registration?.pushManager.getSubscription();
    if (subscription) await register(subscription, label);
  } catch {
    // What was asked is done; the list shows that this browser takes them no more.
  }
}

export async function end(id: string): Promise<void> {
  await call("DELETE", `${LIST}/${encodeURIComponent(id)}`, nothing);
  if (id !== ownId.peek()) return;
  ownId.value = "";
  const registration = await navigator.serviceWorker?.getRegistration(SCOPE);
  await (await registration?.pushManager.getSubscription())?.unsubscribe();
}

export async function list(): Promise<PushBrowser[]> {
  return fetchJson(LIST, listOf(PushBrowser));
}

export async function test(id: string): Promise<DeliveryTestResult> {
  return call("POST", `${LIST}/${encodeURIComponent(id)}/test`, DeliveryTestResult);
}

function active(registration: ServiceWorkerRegistration): Promise<void> {
  const worker = registration.installing ?? registration.waiting ?? registration.active;
  if (worker === null || worker.state === "activated") return Promise.resolve();
  return new Promise((resolve, reject) => {
    worker.addEventListener("statechange", () => {
      if (worker.state === "activated") resolve();
      if (worker.state === "redundant") reject(new Error("the worker did not start"));
    });
  });
}
