/**
 * What the worker of the crew's page keeps: pages of its own build, and nothing that somebody on the way put in their
 * place.
 */
import assert from "node:assert/strict";
import { before, beforeEach, mock, test } from "node:test";

const FILES = ["/assets/crew-1.js", "/assets/crew-1.css", "/crew", "/enrol", "/icon.svg"];
const page = (build: number): string =>
  `<html><script type="module" src="/assets/crew-${build}.js"></script><link rel="stylesheet" href="/assets/crew-${build}.css"></html>`;

type Heard = (event: { waitUntil(work: Promise<unknown>): void }) => void;

const heard = new Map<string, Heard>();
const kept = new Map<string, Response>();
let answers: Record<string, () => Response> = {};

before(async () => {
  const own = {
    registration: { scope: "https://blo.local/crew" },
    addEventListener: (kind: string, how: Heard) => {
      heard.set(kind, how);
    },
  };
  const cache = {
    put: async (file: string, answer: Response) => {
      kept.set(file, answer);
    },
  };
  Object.assign(globalThis, { self: own, caches: { open: async () => cache }, __FILES__: FILES, __VERSION__: "1" });
  mock.method(globalThis, "fetch", async (file: string) => answers[file]?.() ?? new Response("body"));
  await import("../../src/worker/offline.ts" as string); // a script, no module
});

beforeEach(() => {
  kept.clear();
  answers = { "/crew": () => new Response(page(1)), "/enrol": () => new Response(page(1)) };
});

async function install(): Promise<void> {
  let work: Promise<unknown> = Promise.resolve();
  heard.get("install")?.({
    waitUntil: (given) => {
      work = given;
    },
  });
  await work;
}

test("all files of a build are kept", async () => {
  await install();
  assert.deepEqual([...kept.keys()].sort(), [...FILES].sort());
  assert.equal(await kept.get("/crew")?.text(), page(1));
});

test("a page of another build is not kept: it would ask for files that nobody has", async () => {
  answers["/crew"] = () => new Response(page(2));
  await assert.rejects(install());
  assert.ok(!kept.has("/crew"));
});

test("a page of who lets into the network is not kept", async () => {
  answers["/crew"] = () => new Response("<html>Welcome to the pier's network</html>");
  await assert.rejects(install());
  assert.ok(!kept.has("/crew"));
});

test("nor is what another address sent", async () => {
  answers["/assets/crew-1.js"] = () => Object.defineProperty(new Response("alert()"), "redirected", { value: true });
  await assert.rejects(install());
  assert.ok(!kept.has("/assets/crew-1.js"));
});
