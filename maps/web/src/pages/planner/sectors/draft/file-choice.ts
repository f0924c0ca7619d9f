/** The areas of a file that somebody brought to make a sector of; null while no file is open. */
import { signal } from "@preact/signals";
import type { FileArea } from "./file-shapes.ts";

export const fileAreas = signal<readonly FileArea[] | null>(null);
