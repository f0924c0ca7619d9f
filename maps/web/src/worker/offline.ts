/**
 * Service worker of the crew's and the enrol page: they open with no network. Built by
 * `vite-plugins/service-worker.ts`.
 *
 * It answers from the files of one build and never keeps an answer of the server's: `/api/` is not its business. A new
 * build waits until the page says so, so that nobody loses what they are typing.
 */
(() => {
  /* What this script uses of the Service Worker API; the page's own types have no workers in them. */
  interface Extendable extends Event {
    waitUntil(work: Promise<unknown>): void;
  }
  interface Fetching extends Extendable {
    readonly request: Request;
    respondWith(answer: Promise<Response>): void;
  }
  interface Worker {
    readonly registration: { readonly scope: string };
    readonly clients: { claim(): Promise<void> };
    skipWaiting(): Promise<void>;
    addEventListener(kind: "install" | "activate", heard: (event: Extendable) => void): void;
    addEventListener(kind: "fetch", heard: (event: Fetching) => void): void;
    addEventListener(kind: "message", heard: (event: MessageEvent) => void): void;
  }
  const worker = self as unknown as Worker;

  // @ts-expect-error The build puts the list of files in its place.
  const FILES: readonly string[] = __FILES__;
  // @ts-expect-error The build puts a hash of the files in its place.
  const VERSION: string = __VERSION__;

  const PAGES: readonly string[] = FILES.filter((each) => !each.startsWith("/assets/") && !each.includes("."));

  /** One page's copies: the two pages are renewed each in its time. */
  const mine = `joint-patrol ${new URL(worker.registration.scope).pathname} `;
  const name = mine + VERSION;

  /**
   * Whether a page is of this build. Something on the way may answer with a page of its own, or another server of the
   * office with that of before: kept, it would never open again.
   */
  function fits(page: string): boolean {
    const assets = [...page.matchAll(/["'](\/assets\/[^"'?#]+)["']/g)].map((found) => found[1] ?? "");
    return assets.length > 0 && assets.every((each) => FILES.includes(each));
  }

  worker.addEventListener("install", (event) => {
    event.waitUntil(
      (async () => {
        const cache = await caches.open(name);
        // Pages and icons have no hash in their name: the browser's own copy may be older.
        await Promise.all(
          FILES.map(async (file) => {
            const answer = await fetch(file, {
              cache: file.startsWith("/assets/") ? "default" : "no-cache",
              credentials: "omit",
            });
            if (!answer.ok || answer.redirected) throw new Error(`${file}: ${answer.status}`);
            if (PAGES.includes(file) && !fits(await answer.clone().text()))
              throw new Error(`${file} is of another build`);
            await cache.put(file, answer);
          }),
        );
      })(),
    );
  });

  worker.addEventListener("activate", (event) => {
    event.waitUntil(
      (async () => {
        for (const each of await caches.keys()) if (each.startsWith(mine) && each !== name) await caches.delete(each);
        await worker.clients.claim();
      })(),
    );
  });

  worker.addEventListener("message", (event) => {
    if (event.data === "take over") void worker.skipWaiting();
    if (event.data === "version") event.ports[0]?.postMessage(VERSION);
  });

  worker.addEventListener("fetch", (event) => {
    const { method, url, mode } = event.request;
    const { origin, pathname } = new URL(url);
    if (method !== "GET" || origin !== location.origin || !FILES.includes(pathname)) return;
    event.respondWith(
      (async () => {
        const cached = await (await caches.open(name)).match(pathname, { ignoreSearch: true });
        if (cached !== undefined) return cached;
        // The browser cleared its copies: go on as if there were none.
        return fetch(mode === "navigate" ? pathname : event.request);
      })(),
    );
  });
})();
