/** Builds the two pages (commander, sign-in) into maps/static, with the licences of what they carry. */
import { defineConfig } from "vite";

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
    license: { fileName: "licenses.txt" },
    chunkSizeWarningLimit: 1200,
    rolldownOptions: {
      input: { index: "index.html", "sign-in": "sign-in.html" },
    },
  },
});
