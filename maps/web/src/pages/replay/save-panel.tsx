/** What can be taken away: a signed evidence file, a page that plays by itself, a picture of the moment. */
import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { save } from "../../session/files.ts";
import { TAKE_OUT_ORIGINALS } from "../../session/permissions.ts";
import { may, session, timeZone } from "../../session/session.ts";
import { readTokens } from "../../symbols/tokens.ts";
import { Icon } from "../../widgets/icons.tsx";
import { Empty, faultWords } from "../../widgets/load-states.tsx";
import { language, t, type Words } from "../../words/index.ts";
import { atMs, loaded } from "./player.ts";
import { leftOutFor, leftOutOf } from "./reel/omissions.ts";
import { serverQuery } from "./reel/range.ts";
import { mapPicture } from "./replay-map.ts";
import { momentWords, rangeWords } from "./words.ts";

export function SavePanel(): JSX.Element {
  const busy = useSignal("");
  const result = useSignal<{ text: string; bad: boolean; leftOut: string[] } | null>(null);
  const now = loaded.value;
  if (now === null) return <Empty title={t("replay.nothing_loaded")}>{t("replay.nothing_loaded_hint")}</Empty>;
  const query = serverQuery(now.range, now.asked);
  query.set("language", language);
  const doing = (name: string, work: () => Promise<string[]>) => async (): Promise<void> => {
    busy.value = name;
    result.value = null;
    try {
      const leftOut = await work();
      result.value = { text: t("replay.saved"), bad: false, leftOut };
    } catch (caught) {
      result.value = { text: `${t("replay.not_saved")} ${faultWords(caught)}`, bad: true, leftOut: [] };
    } finally {
      busy.value = "";
    }
  };
  const evidence = async (path: string): Promise<string[]> =>
    leftOutOf(await save(`/api/replay/${path}?${query}`)).map(({ words, text }) => (words === null ? text : t(words)));
  const ways: [string, Words, Words, () => Promise<string[]>][] = [
    ["evidence", "replay.save.evidence", "replay.save.evidence_hint", () => evidence("evidence")],
    [
      "page",
      "replay.save.page",
      "replay.save.page_hint",
      async () => {
        await save(`/api/replay/page?${query}`);
        return [];
      },
    ],
    [
      "picture",
      "replay.save.picture",
      "replay.save.picture_hint",
      async () => {
        await savePicture();
        return [];
      },
    ],
  ];
  if (may(TAKE_OUT_ORIGINALS))
    ways.splice(1, 0, [
      "originals",
      "replay.save.originals",
      "replay.save.originals_hint",
      () => evidence("evidence/originals"),
    ]);
  return (
    <div class="save scroll padded" tabIndex={0} role="region" aria-label={t("replay.tab.save")}>
      {ways.map(([name, words, hint, work]) => (
        <section key={name}>
          <button
            class="button wide"
            id={`save-${name}`}
            disabled={busy.value !== ""}
            onClick={() => void doing(name, work)()}
          >
            <Icon name="save" />
            {t(busy.value === name ? "replay.saving" : words)}
          </button>
          <p class="hint">{t(hint)}</p>
          {name === "evidence" && (
            <LeftOut title={t("replay.left_out.role")} all={leftOutFor(may).map((each) => t(each))} />
          )}
        </section>
      ))}
      <div role="status">
        <p class={result.value?.bad ? "field-fault" : "hint"}>{result.value?.text ?? ""}</p>
        <LeftOut title={t("replay.left_out.saved")} all={result.value?.leftOut ?? []} />
      </div>
    </div>
  );
}

/** What is not in a file, and why; nothing where all is in it. */
function LeftOut({ title, all }: { title: string; all: readonly string[] }): JSX.Element | null {
  if (all.length === 0) return null;
  return (
    <div class="left-out hint">
      <p>{title}</p>
      <ul>
        {all.map((each) => (
          <li key={each}>{each}</li>
        ))}
      </ul>
    </div>
  );
}

async function savePicture(): Promise<void> {
  const picture = await mapPicture();
  const pen = picture?.getContext("2d");
  const now = loaded.peek();
  if (!picture || !pen || now === null) throw new Error("no picture");
  const scale = picture.width / Math.max(1, document.querySelector(".replay-map")?.clientWidth ?? picture.width);
  const tokens = readTokens();
  const lines = [
    session.peek()?.node.name ?? "",
    rangeWords(now.range, timeZone.peek()),
    rangeWords(now.range, "UTC"),
    momentWords(atMs.peek()),
  ];
  pen.font = `${14 * scale}px "Noto Sans", sans-serif`;
  const wide = Math.max(...lines.map((line) => pen.measureText(line).width)) + 24 * scale;
  pen.fillStyle = tokens.get("paper");
  pen.fillRect(8 * scale, 8 * scale, wide, (lines.length * 22 + 14) * scale);
  pen.fillStyle = tokens.get("ink");
  lines.forEach((line, n) => {
    pen.fillText(line, 20 * scale, (30 + 22 * n) * scale);
  });
  const href = picture.toDataURL("image/png");
  const link = document.createElement("a");
  link.href = href;
  link.download = `replay-${new Date(atMs.peek()).toISOString().replaceAll(":", "").slice(0, 15)}Z.png`;
  link.click();
}
