/**
 * Builds the plain list of calls for help: one classic script at the root, `/sos-list.js`, with its words in all
 * languages.
 */
import { readdirSync, readFileSync } from "node:fs";
import { minify, type Plugin, transformWithOxc } from "vite";

/** Those that follow the live stream. */
const PAGES = ["/index.html", "/planner.html"];
const WORDS = new URL("../words/", import.meta.url);
const KEYS = {
  title: ["commander", "distress.title"],
  who: ["commander", "distress.who"],
  open: ["common", "page.map"],
} as const;

export function sosList(): Plugin {
  return {
    name: "sos-list",
    apply: "build",
    // Before the page's own script, which tells it what it hears.
    transformIndexHtml: (_html, { path }) =>
      PAGES.includes(path)
        ? [{ tag: "script", attrs: { src: "/sos-list.js", defer: true }, injectTo: "head-prepend" }]
        : [],
    async generateBundle() {
      const written = readFileSync(new URL("../src/live/sos-list.ts", import.meta.url), "utf8");
      const { code } = await transformWithOxc(written, "sos-list.ts", { target: "es2022" });
      const whole = code.replace("__WORDS__", () => JSON.stringify(words()));
      this.emitFile({
        type: "asset",
        fileName: "sos-list.js",
        source: (await minify("sos-list.js", whole, { module: false })).code,
      });
    },
  };
}

/** By language, as `<html lang>` begins. */
function words(): Record<string, Record<string, string>> {
  const languages = readdirSync(WORDS, { withFileTypes: true })
    .filter((each) => each.isDirectory())
    .map((each) => each.name);
  return Object.fromEntries(
    languages.map((language) => [
      language,
      Object.fromEntries(Object.entries(KEYS).map(([name, [part, key]]) => [name, wordOf(language, part, key)])),
    ]),
  );
}

function wordOf(language: string, part: string, key: string): string {
  const found = (
    JSON.parse(readFileSync(new URL(`${language}/${part}.json`, WORDS), "utf8")) as Record<string, string>
  )[key];
  if (found === undefined) throw new Error(`no ${key} in ${language}/${part}.json`);
  return found;
}
