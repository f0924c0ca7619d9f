/** Service worker of notifications: shows what the server pushed, and opens the alert when it is tapped.
 *
 * It keeps no files, so that a commander's browser need not hold the crew's page. What it shows came
 * encrypted for this browser alone, in the words and the language of its person.
 */
(() => {
  interface Extendable extends Event {
    waitUntil(work: Promise<unknown>): void;
  }
  interface Pushed extends Extendable {
    readonly data: { json(): unknown } | null;
  }
  interface Tapped extends Extendable {
    readonly notification: { readonly data: { url?: unknown } | null; close(): void };
  }
  interface Page {
    readonly url: string;
    focus(): Promise<unknown>;
    postMessage(message: object): void;
  }
  interface Worker {
    readonly registration: { showNotification(title: string, options: object): Promise<void> };
    readonly clients: {
      matchAll(options: object): Promise<Page[]>;
      openWindow(url: string): Promise<unknown>;
      claim(): Promise<void>;
    };
    skipWaiting(): Promise<void>;
    addEventListener(kind: "install" | "activate", listener: (event: Extendable) => void): void;
    addEventListener(kind: "push", listener: (event: Pushed) => void): void;
    addEventListener(kind: "notificationclick", listener: (event: Tapped) => void): void;
  }
  interface Notice {
    title?: string;
    body?: string;
    language?: string;
    severity?: string;
    tag?: string;
    url?: string;
  }
  const worker = self as unknown as Worker;

  worker.addEventListener("install", (event) => event.waitUntil(worker.skipWaiting()));
  worker.addEventListener("activate", (event) => event.waitUntil(worker.clients.claim()));

  worker.addEventListener("push", (event) => {
    const notice = read(event.data);
    const grave = notice.severity === "sos" || notice.severity === "high";
    event.waitUntil(
      worker.registration.showNotification(notice.title ?? "Joint Patrol", {
        body: notice.body ?? "",
        lang: notice.language ?? "en",
        tag: notice.tag ?? "joint-patrol",
        // The same alert rings again when it has grown worse; a call for help stays until somebody looks.
        renotify: true,
        requireInteraction: grave,
        icon: "/icon-192.png",
        badge: "/icon-192.png",
        data: { url: notice.url ?? "/" },
      }),
    );
  });

  worker.addEventListener("notificationclick", (event) => {
    event.notification.close();
    const address = event.notification.data?.url;
    const to = new URL(typeof address === "string" ? address : "/", location.origin);
    // Only a page of this server, whatever was pushed.
    const url = to.origin === location.origin ? to.href : location.origin;
    event.waitUntil(
      (async () => {
        const pages = await worker.clients.matchAll({ type: "window", includeUncontrolled: true });
        const map = pages.find((each) => new URL(each.url).pathname === "/");
        if (map === undefined) return worker.clients.openWindow(url);
        // The map stays as it is; the page brings the alert's card to the front.
        map.postMessage({ open: url });
        return map.focus();
      })(),
    );
  });

  function read(data: { json(): unknown } | null): Notice {
    try {
      const value = data?.json();
      if (typeof value !== "object" || value === null) return {};
      const texts = Object.entries(value).filter(([, each]) => typeof each === "string");
      return Object.fromEntries(texts) as Notice;
    } catch {
      return {};
    }
  }
})();
