/**
 * Builds the service worker after the pages: one classic script that names every file of the pages that work offline.
 */
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { minify, type Plugin, type Rolldown, transformWithOxc } from "vite";

type Bundle = Rolldown.OutputBundle;

/** Pages that open offline, by their path. */
const PAGES = { "/crew": "crew.html", "/enrol": "enrol.html" };
/** Parts of the words that they open, in every language. */
const WORDS = /\/web\/words\/[a-z]+\/(common|phrases|crew|enrol)\.json$/;
/** What they load when it is asked for. */
const LATER = /\/src\/(pages\/(crew|enrol)|phone)\//;
/** Files of `public/` that they need. */
const PUBLIC = /^(theme-boot\.js|manifest\.webmanifest|icon[\w-]*\.(svg|png))$/;

/**
 * The version is a hash of all files, so that equal builds give an equal worker and a browser asks nobody to reload.
 */
export function serviceWorker(): Plugin {
  return {
    name: "service-worker",
    enforce: "post",
    apply: "build",
    generateBundle: {
      order: "post",
      async handler(_options, bundle) {
        const files = new Map<string, string | Uint8Array>();
        for (const [path, name] of Object.entries(PAGES)) {
          const page = bundle[name];
          if (page?.type !== "asset") throw new Error(`no ${name} to work offline`);
          files.set(path, page.source);
        }
        for (const name of needed(bundle)) {
          const found = bundle[name];
          if (found !== undefined) files.set(`/${name}`, found.type === "chunk" ? found.code : found.source);
        }
        const here = new URL("../public/", import.meta.url);
        for (const name of readdirSync(here).filter((each) => PUBLIC.test(each)))
          files.set(`/${name}`, readFileSync(new URL(name, here)));
        for (const [name, found] of Object.entries(bundle)) {
          if (PUBLIC.test(name) && found.type === "asset") files.set(`/${name}`, found.source);
        }
        this.emitFile({ type: "asset", fileName: "sw.js", source: await worker(files) });
      },
    },
  };
}

/** Names of all files that the pages load, at once or later. */
function needed(bundle: Bundle): Set<string> {
  const names = new Set<string>();
  const chunks = Object.values(bundle).filter((each) => each.type === "chunk");
  const waiting = chunks.filter(
    (each) => each.isEntry && Object.values(PAGES).some((page) => each.facadeModuleId?.endsWith(`/${page}`)),
  );
  const seen = new Set(waiting);
  for (let chunk = waiting.pop(); chunk !== undefined; chunk = waiting.pop()) {
    names.add(chunk.fileName);
    for (const name of chunk.viteMetadata?.importedCss ?? []) {
      names.add(name);
      for (const asset of fontsOf(bundle[name])) names.add(asset);
    }
    for (const name of chunk.viteMetadata?.importedAssets ?? []) names.add(name);
    for (const name of [...chunk.imports, ...chunk.dynamicImports]) {
      const next = bundle[name];
      if (next?.type !== "chunk" || seen.has(next)) continue;
      if (!chunk.imports.includes(name) && !next.moduleIds.some((id) => WORDS.test(id) || LATER.test(id))) continue;
      seen.add(next);
      waiting.push(next);
    }
  }
  return names;
}

function fontsOf(sheet: Bundle[string] | undefined): string[] {
  if (sheet?.type !== "asset") return [];
  const text = typeof sheet.source === "string" ? sheet.source : new TextDecoder().decode(sheet.source);
  return [...text.matchAll(/url\(["']?\/(assets\/[^"')]+)/g)].map((found) => found[1] ?? "");
}

async function worker(files: ReadonlyMap<string, string | Uint8Array>): Promise<string> {
  const names = [...files.keys()].sort();
  const written = readFileSync(new URL("../src/worker/offline.ts", import.meta.url), "utf8");
  const version = createHash("sha256").update(written);
  for (const name of names)
    version
      .update(`${name}\0`)
      .update(files.get(name) ?? "")
      .update("\0");
  const { code } = await transformWithOxc(written, "offline.ts", { target: "es2022" });
  const told = { __FILES__: JSON.stringify(names), __VERSION__: JSON.stringify(version.digest("hex").slice(0, 16)) };
  // Before the minifier: it may turn a string into another literal.
  const whole = Object.entries(told).reduce((text, [name, value]) => text.replaceAll(name, () => value), code);
  return (await minify("sw.js", whole, { module: false })).code;
}
