/** Builds the service worker of notifications: one classic script at the root, `/push.js`. */
import { readFileSync } from "node:fs";
import { minify, type Plugin, transformWithOxc } from "vite";

export function pushWorker(): Plugin {
  return {
    name: "push-worker",
    apply: "build",
    async generateBundle() {
      const written = readFileSync(new URL("../src/worker/push.ts", import.meta.url), "utf8");
      const { code } = await transformWithOxc(written, "push.ts", { target: "es2022" });
      this.emitFile({
        type: "asset",
        fileName: "push.js",
        source: (await minify("push.js", code, { module: false })).code,
      });
    },
  };
}
