/** No text that a person reads stands in the code: it comes from `maps/words`. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { parseAst } from "rolldown/parseAst";

const SOURCES = new URL("../src/", import.meta.url);
/** Attributes that are read or spoken. */
const READ = new Set([
  "title",
  "aria-label",
  "aria-description",
  "aria-roledescription",
  "aria-valuetext",
  "placeholder",
  "alt",
  "label",
  "summary",
]);
/** Signs, units and key names are the same in every language. */
const SAME_EVERYWHERE =
  /^(?:UTC|SOS|Enter|Esc|QR|km|km\/h|kn|m|s|min|h|LT|N|S|E|W|PDF|XLSX|HTML|GPX|KML|CSV|GeoJSON|JSON|MGRS|Alt|Ctrl|Shift|Space|Delete|Tab|Home|End|x|SHA-256)$/;

interface Node {
  type: string;
  [key: string]: unknown;
}

function reads(text: string): boolean {
  return text.split(/[^\p{L}\p{M}\d/-]+/u).some((word) => /\p{L}{2,}/u.test(word) && !SAME_EVERYWHERE.test(word));
}

/** Every text of a file that a person would read. */
function textsOf(path: string, source: string): string[] {
  const found: string[] = [];
  const strings = (value: unknown): void => {
    const node = value as Node | null;
    if (node === null || typeof node !== "object") return;
    if (node.type === "Literal" && typeof node["value"] === "string") found.push(node["value"]);
    else if (node.type === "TemplateLiteral")
      for (const part of node["quasis"] as { value: { cooked: string } }[]) found.push(part.value.cooked);
    else if (node.type === "ConditionalExpression") [node["consequent"], node["alternate"]].forEach(strings);
    else if (node.type === "LogicalExpression") [node["left"], node["right"]].forEach(strings);
    else if (node.type === "JSXExpressionContainer") strings(node["expression"]);
  };
  const walk = (value: unknown): void => {
    if (Array.isArray(value)) return value.forEach(walk);
    const node = value as Node | null;
    if (node === null || typeof node !== "object") return;
    if (node.type === "JSXText") found.push(String(node["value"]));
    if (node.type === "JSXAttribute" && READ.has(String((node["name"] as Node)["name"]))) strings(node["value"]);
    if (node.type === "JSXElement" || node.type === "JSXFragment") {
      for (const child of node["children"] as Node[]) if (child.type === "JSXExpressionContainer") strings(child);
    }
    // What is said in the notice, and by scripts that set texts themselves.
    if (
      node.type === "CallExpression" &&
      ["say", "alert", "confirm", "prompt"].includes(String((node["callee"] as Node)["name"]))
    )
      strings((node["arguments"] as Node[])[0]);
    if (
      node.type === "AssignmentExpression" &&
      ["textContent", "innerText", "title"].includes(
        String(((node["left"] as Node)["property"] as Node | undefined)?.["name"]),
      )
    )
      strings(node["right"]);
    Object.values(node).forEach(walk);
  };
  walk(parseAst(source, { lang: path.endsWith("x") ? "tsx" : "ts" }));
  return found.map((text) => text.trim()).filter(reads);
}

const files = readdirSync(SOURCES, { recursive: true, encoding: "utf8" }).filter((path) => /\.tsx?$/.test(path));

test("there is code to look at", () => assert.ok(files.length > 50));

test("a text in the code is found", () => {
  // biome-ignore lint/suspicious/noTemplateCurlyInString: source to look at
  const source = "export const A = () => <p title={`Go ${n}`}>Hello {n > 1 ? 'many' : null}</p>;";
  assert.deepEqual(textsOf("a.tsx", source).sort(), ["Go", "Hello", "many"]);
});

for (const path of files) {
  test(`${path} says nothing of its own`, () => {
    assert.deepEqual(textsOf(path, readFileSync(new URL(path, SOURCES), "utf8")), []);
  });
}
