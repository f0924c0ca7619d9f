/** The browser's tab says how many things wait for a person, for whoever looks at another page. */
import { effect } from "@preact/signals";
import { rings } from "../../live/alerts.ts";
import { unreadIncidents } from "../../live/incidents.ts";
import { writers } from "../../live/radio-texts.ts";
import { session } from "../../session/session.ts";
import { t } from "../../words/index.ts";
import { calls, waiting } from "./desk/queue.ts";

const SIZE = 64;
const ICON = "/icon.svg";

/** Keeps title and icon in step with what waits. */
export function startTabBadge(): void {
  const picture = new Image();
  picture.onload = () =>
    paint(picture, waiting.peek() + writers.peek().length + unreadIncidents.peek().length, calling());
  picture.src = ICON;
  effect(() => {
    const name = t("app.title", { node: session.value?.node.name ?? "" });
    const n = waiting.value + writers.value.length + unreadIncidents.value.length;
    document.title = n === 0 ? name : t(calling() ? "tab.sos" : "tab.waits", { count: n, title: name });
    paint(picture, n, calling());
  });
}

function calling(): boolean {
  return calls.value.some(rings);
}

/** The page's icon with the count on a plate; colours are fixed, for a browser's tab bar knows no palette of ours. */
function paint(picture: HTMLImageElement, n: number, sos: boolean): void {
  const link = document.querySelector<HTMLLinkElement>('link[rel="icon"]');
  if (link === null) return;
  if (n === 0) {
    if (link.getAttribute("href") !== ICON) link.href = ICON;
    return;
  }
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = SIZE;
  const pen = canvas.getContext("2d");
  if (pen === null || !picture.complete) return;
  pen.drawImage(picture, 0, 0, SIZE, SIZE);
  pen.fillStyle = sos ? "#d1003f" : "#17212b";
  pen.strokeStyle = "#ffffff";
  pen.lineWidth = 4;
  pen.beginPath();
  pen.roundRect(14, 20, 48, 42, 12);
  pen.stroke();
  pen.fill();
  pen.fillStyle = "#ffffff";
  pen.font = "700 34px sans-serif";
  pen.textAlign = "center";
  pen.textBaseline = "middle";
  pen.fillText(n > 99 ? "99" : String(n), 38, 43);
  link.type = "image/png";
  link.href = canvas.toDataURL("image/png");
}
