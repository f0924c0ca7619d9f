/**
 * Writes into the pages that follow the live stream which build they are, as the server tells it with every snapshot.
 */
import { createHash } from "node:crypto";
import type { Plugin } from "vite";

const EMPTY = '<meta name="build" content="" />';

export function buildId(): Plugin {
  return {
    name: "build-id",
    enforce: "post",
    apply: "build",
    generateBundle: {
      order: "post",
      handler(_options, bundle) {
        // Names of chunks and styles hold a hash of what is in them: equal builds have equal names.
        const id = createHash("sha256").update(Object.keys(bundle).sort().join("\0")).digest("hex").slice(0, 16);
        for (const file of Object.values(bundle)) {
          if (file.type !== "asset" || !file.fileName.endsWith(".html") || typeof file.source !== "string") continue;
          file.source = file.source.replace(EMPTY, EMPTY.replace('""', `"${id}"`));
        }
      },
    },
  };
}
