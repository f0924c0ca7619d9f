/** Builds the two pages (commander, sign-in) into maps/static, with the licences of what they carry. */
import { fileURLToPath } from "node:url";
import { defineConfig } from "vite";

const page = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

export default defineConfig({
  base: "/",
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  worker: { format: "es" },
  build: {
    outDir: "../static",
    emptyOutDir: true,
    target: "es2022",
    // Inlined assets would need a wider Content-Security-Policy.
    assetsInlineLimit: 0,
    license: { fileName: "licenses.md" },
    chunkSizeWarningLimit: 1200,
    rolldownOptions: {
      input: { index: page("index.html"), "sign-in": page("sign-in.html") },
    },
  },
});
