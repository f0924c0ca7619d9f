/**
 * The plain list of calls for help, `/sos-list.js`: shown whatever else of a page fails. Built by
 * `vite-plugins/sos-list.ts` into one classic script that imports nothing.
 *
 * It hears every frame of the stream as text, before anything else reads it, and lists the calls that nobody has
 * answered and that the page itself does not show: an element with `data-sos` (the alert's id) or `data-sos-unit` shows
 * one. Where the page does not follow the stream, because it never started or broke down, this script follows it
 * itself.
 */
(() => {
  interface Call {
    id: string;
    unit: string;
    where: string;
    at: string;
    answered: boolean;
    since: number;
  }
  // @ts-expect-error The build puts the words of all languages in its place.
  const WORDS: Record<string, Record<"title" | "who" | "open", string>> = __WORDS__;

  /** A page that draws for so long is not waited for. */
  const UNSHOWN_MS = 3000;
  /** A page that never began to follow the stream is given up after this; */
  const BEGINS_MS = 15_000;
  /** one that did, after this: browsers let a page behind others work once a minute. */
  const GOES_ON_MS = 150_000;
  const AGAIN_MS = 15_000;
  const MOST = 50;

  const over = ["resolved", "withdrawn"];
  /** Somebody knows of it. A state that is not known here may be anything. */
  const known = [
    "acknowledged",
    "shelved",
    "shelved_returned",
    "returned_unacknowledged",
    "returned_acknowledged",
    "settled",
  ];

  const calls = new Map<string, Call>();
  const names = new Map<string, string>();
  const began = performance.now();
  let tendedAt: number | null = null;
  let socket: WebSocket | null = null;
  let triedAt = 0;
  let lastDrawn = "";

  function word(value: unknown): string {
    return typeof value === "string" ? value.slice(0, 200) : "";
  }

  function list(value: unknown): Record<string, unknown>[] {
    return Array.isArray(value) ? value.filter((each) => typeof each === "object" && each !== null) : [];
  }

  function receive(text: string): void {
    try {
      // Most frames hold nothing for this list: they are not read twice.
      if (
        !text.includes('"snapshot"') &&
        !text.includes('"units"') &&
        !text.includes('"papers"') &&
        !text.includes('"forget"')
      )
        return;
      const frame = JSON.parse(text) as Record<string, unknown>;
      if (frame["type"] === "snapshot" && Array.isArray(frame["papers"]))
        for (const id of [...calls.keys()])
          if (!list(frame["papers"]).some((record) => record["id"] === id)) calls.delete(id);
      if (Array.isArray(frame["forget"])) for (const id of frame["forget"]) calls.delete(String(id));
      for (const unit of list(frame["units"]))
        if (word(unit["call_sign"]) !== "") names.set(word(unit["id"]), word(unit["call_sign"]));
      for (const record of list(frame["papers"])) take(record);
      if (calls.size > 0) setTimeout(look, UNSHOWN_MS);
      look();
    } catch {
      // No frame: the page asks for it again, and so does the socket here.
    }
  }

  function take(record: Record<string, unknown>): void {
    const id = word(record["id"]);
    if (record["kind"] !== "alert" || record["severity"] !== "sos" || id === "") return;
    const state = word(record["state"]);
    if (over.includes(state) || record["historical"] === true) return void calls.delete(id);
    const { lon, lat } = record;
    const spot = typeof lon === "number" && typeof lat === "number" ? `${lat.toFixed(5)} ${lon.toFixed(5)}` : "";
    calls.set(id, {
      id,
      unit: word(record["unit"]),
      where: word(record["place"]) || spot,
      at: word(record["raised_at"]),
      answered: known.includes(state),
      since: calls.get(id)?.since ?? performance.now(),
    });
  }

  /** Whether the page has it where it can be seen: not in a side that is folded, nor a tab that is shut. */
  function isShown(call: Call): boolean {
    for (const element of document.querySelectorAll<HTMLElement>("[data-sos], [data-sos-unit]")) {
      const { sos, sosUnit } = element.dataset;
      if (sos !== call.id && (sosUnit === undefined || sosUnit !== call.unit)) continue;
      if (element.getClientRects().length > 0 && element.closest("[inert]") === null) return true;
    }
    return false;
  }

  function look(): void {
    const now = performance.now();
    const alone = socket !== null;
    const missing = [...calls.values()]
      .filter((call) => now - call.since >= UNSHOWN_MS && (alone || !call.answered) && !isShown(call))
      .slice(0, MOST);
    const words = WORDS[document.documentElement.lang.slice(0, 2)] ?? WORDS["en"];
    if (words === undefined) return;
    const rows = missing.map((call) =>
      [words.who.replace("{name}", names.get(call.unit) ?? (call.unit || "?")), call.where, minute(call.at)]
        .filter(Boolean)
        .join(" · "),
    );
    const content = JSON.stringify([words.title, ...rows]);
    if (content === lastDrawn) return;
    lastDrawn = content;
    document.getElementById("sos-list")?.remove();
    if (rows.length === 0) return;
    const box = document.createElement("section");
    box.id = "sos-list";
    box.setAttribute("role", "alert");
    box.setAttribute("aria-label", words.title);
    box.style.cssText = [
      `position:fixed;z-index:2147483647;top:${innerWidth < 760 ? 56 : 8}px;left:50%`,
      "transform:translateX(-50%);width:max-content;max-width:min(640px,calc(100vw - 16px));max-height:50vh",
      "overflow:auto;padding:8px 14px;border-radius:6px;border:2px solid var(--alert-edge,#d1003f)",
      "background:var(--alert-fill,#d1003f);color:var(--alert-ink,#fff)",
      "font:600 15px/1.5 'Noto Sans',system-ui,sans-serif",
    ].join(";");
    for (const row of rows) {
      const line = document.createElement("p");
      line.style.cssText = "margin:2px 0";
      line.textContent = row;
      box.append(line);
    }
    const way = document.createElement("a");
    way.href = "/";
    way.textContent = words.open;
    way.style.cssText = "display:inline-flex;align-items:center;min-height:44px;color:inherit";
    box.append(way);
    document.body.append(box);
  }

  function minute(time: string): string {
    const at = Date.parse(time);
    return Number.isFinite(at) ? `${new Date(at).toISOString().slice(11, 16)} UTC` : "";
  }

  /** Follows the stream where the page does not. */
  function follow(): void {
    const now = performance.now();
    const isLate = tendedAt === null ? now - began > BEGINS_MS : now - tendedAt > GOES_ON_MS;
    if (!isLate) {
      socket?.close();
      socket = null;
    } else if ((socket === null || socket.readyState > 1) && now - triedAt > AGAIN_MS) {
      triedAt = now;
      socket = new WebSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/api/live`);
      socket.onmessage = (event) => receive(String(event.data));
    }
    look();
  }

  setInterval(follow, 1000);
  Object.defineProperty(window, "sosList", {
    value: Object.freeze({
      hear: receive,
      /** The page follows the stream, or tries to. */
      tended: (): void => {
        tendedAt = performance.now();
      },
    }),
  });
})();
