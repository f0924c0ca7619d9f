/** Builds the pages into maps/static, with the licences of what they carry. */
import { readFileSync } from "node:fs";
import { defineConfig, type Plugin } from "vite";
import { buildId } from "./vite-plugins/build-id.ts";
import { icons } from "./vite-plugins/icons.ts";
import { pushWorker } from "./vite-plugins/push-worker.ts";
import { serviceWorker } from "./vite-plugins/service-worker.ts";
import { sosList } from "./vite-plugins/sos-list.ts";

/**
 * Puts files of a package beside the pages, as they are: what is no part of a page of ours, but is shown by this server.
 *
 * Leaflet: reports made with folium carry it inside, so that they ask the network for nothing. Swagger UI: /api/docs.
 */
function beside(folder: string, from: string, brought: Record<string, string>): Plugin {
  const root = new URL(`node_modules/${from}/`, import.meta.url);
  return {
    name: `${from}-beside`,
    generateBundle() {
      for (const [name, path] of Object.entries(brought)) {
        this.emitFile({
          type: "asset",
          fileName: `${folder}/${name}`,
          source: readFileSync(new URL(path, root), "utf8"),
        });
      }
    },
  };
}

const LEAFLET = { "leaflet.js": "dist/leaflet.js", "leaflet.css": "dist/leaflet.css", LICENSE: "LICENSE" };
const SWAGGER = ["swagger-ui-bundle.js", "swagger-ui.css", "LICENSE", "NOTICE"].map((name) => [name, name]);

export default defineConfig({
  base: "/",
  plugins: [
    beside("folium", "leaflet", LEAFLET),
    beside("api-docs", "swagger-ui-dist", Object.fromEntries(SWAGGER)),
    icons(),
    serviceWorker(),
    pushWorker(),
    sosList(),
    buildId(),
  ],
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  worker: { format: "es" },
  build: {
    outDir: "../static",
    emptyOutDir: true,
    target: "es2022",
    // Inlined assets would need a wider Content-Security-Policy.
    assetsInlineLimit: 0,
    license: { fileName: "licenses.txt" },
    chunkSizeWarningLimit: 1200,
    rolldownOptions: {
      input: {
        index: "index.html",
        "sign-in": "sign-in.html",
        planner: "planner.html",
        replay: "replay.html",
        reports: "reports.html",
        account: "account.html",
        counterparts: "counterparts.html",
        crew: "crew.html",
        enrol: "enrol.html",
        trust: "trust.html",
      },
      output: {
        // What most pages share is one file: each more is a request, and a thin link pays for that.
        codeSplitting: {
          groups: [{ name: "shared", test: /\.tsx?$|preact/, minShareCount: 6, includeDependenciesRecursively: false }],
        },
      },
    },
  },
});
