/** Reads another office's card: pasted, from a file, from a picture of its QR code, or through the camera. */
import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { Outcome, useActionState } from "../../widgets/action-state.tsx";
import { Refusal } from "../../widgets/load-states.tsx";
import { t } from "../../words/index.ts";
import { cardIn } from "./card-text.ts";
import { codeFromCamera, codeInPicture, hasCamera } from "./qr-code.ts";

/** Far more than any card; a picture may be larger. */
const LARGEST_TEXT = 64 * 1024;

/** `take` is given the card's text and returns what to say once it was taken. */
export function CardReader({
  id,
  button,
  take,
}: {
  id: string;
  button: string;
  take: (card: string) => Promise<string>;
}): JSX.Element {
  const acting = useActionState();
  const message = useSignal("");
  const scanning = useSignal<AbortController | null>(null);
  const video = useRef<HTMLVideoElement>(null);
  useEffect(() => () => scanning.peek()?.abort(), []);
  const read = (find: () => Promise<string>, form?: HTMLFormElement): void => {
    void acting.run(
      async () => {
        const card = cardIn(await find());
        if (card === null) throw new Refusal(t("counterpart.no_card"));
        message.value = await take(card);
        form?.reset();
      },
      () => message.peek(),
    );
  };
  const scan = (): void => {
    const controller = new AbortController();
    scanning.value = controller;
    read(async () => {
      try {
        const code = await codeFromCamera(video.current as HTMLVideoElement, controller.signal);
        if (code === null) throw new Refusal(t("counterpart.camera_stopped"));
        return code;
      } catch (fault) {
        throw fault instanceof Refusal ? fault : new Refusal(t("counterpart.camera_none"));
      } finally {
        scanning.value = null;
      }
    });
  };
  const isScanning = scanning.value !== null;
  return (
    <form
      class="form"
      onSubmit={(event) => {
        event.preventDefault();
        const form = event.currentTarget;
        read(async () => String(new FormData(form).get("card")), form);
      }}
    >
      <label for={`${id}-text`}>{t("counterpart.as_text")}</label>
      <textarea
        id={`${id}-text`}
        class="card-text"
        name="card"
        rows={4}
        maxLength={16384}
        spellcheck={false}
        autocapitalize="none"
        autocomplete="off"
        required
      />
      <div class="actions">
        <button class="button primary" type="submit" disabled={acting.busy.value}>
          {button}
        </button>
        <label class="button file" aria-disabled={acting.busy.value}>
          {t("counterpart.file")}
          <input
            class="hidden"
            type="file"
            accept=".txt,text/plain,image/*"
            disabled={acting.busy.value}
            onChange={(event) => {
              const field = event.currentTarget;
              const file = field.files?.[0];
              if (file !== undefined) read(() => textOf(file));
              field.value = "";
            }}
          />
        </label>
        {hasCamera() && !isScanning && (
          <button class="button" type="button" disabled={acting.busy.value} onClick={scan}>
            {t("counterpart.camera")}
          </button>
        )}
        {isScanning && (
          <button class="button" type="button" onClick={() => scanning.peek()?.abort()}>
            {t("counterpart.camera_stop")}
          </button>
        )}
      </div>
      <div class="camera" hidden={!isScanning}>
        <p class="hint">{t("counterpart.camera_aim")}</p>
        <video ref={video} playsInline muted />
      </div>
      <Outcome of={acting} />
    </form>
  );
}

async function textOf(file: File): Promise<string> {
  if (!file.type.startsWith("image/")) return file.slice(0, LARGEST_TEXT).text();
  const code = await codeInPicture(file).catch(() => null);
  if (code === null) throw new Refusal(t("counterpart.no_code"));
  return code;
}
