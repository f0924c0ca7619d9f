/** Builds the pages into maps/static, with the licences of what they carry. */
import { readFileSync } from "node:fs";
import { defineConfig, type Plugin } from "vite";
import { buildId } from "./vite-plugins/build-id.ts";
import { icons } from "./vite-plugins/icons.ts";
import { pushWorker } from "./vite-plugins/push-worker.ts";
import { serviceWorker } from "./vite-plugins/service-worker.ts";
import { sosList } from "./vite-plugins/sos-list.ts";

/**
 * Puts Leaflet beside the pages: reports made with folium carry it inside, so that they ask the network for nothing.
 */
function forReports(): Plugin {
  const from = new URL("node_modules/leaflet/", import.meta.url);
  const brought = { "leaflet.js": "dist/leaflet.js", "leaflet.css": "dist/leaflet.css", LICENSE: "LICENSE" };
  return {
    name: "leaflet-for-reports",
    generateBundle() {
      for (const [name, path] of Object.entries(brought)) {
        this.emitFile({ type: "asset", fileName: `folium/${name}`, source: readFileSync(new URL(path, from), "utf8") });
      }
    },
  };
}

export default defineConfig({
  base: "/",
  plugins: [forReports(), icons(), serviceWorker(), pushWorker(), sosList(), buildId()],
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
