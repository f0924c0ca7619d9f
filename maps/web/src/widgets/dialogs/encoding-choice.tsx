/** Asks how the text of a file is encoded that does not say it: each choice shows how a part of it reads. */
import type { JSX } from "preact";
import { CallError } from "../../wire/calls.ts";
import { t } from "../../words/index.ts";

/** How the text of a refused file reads in each encoding; null where that is not what is missing. */
export function samplesOf(fault: unknown): Readonly<Record<string, string>> | null {
  return fault instanceof CallError && fault.code === "encoding_needed" ? fault.values : null;
}

export function EncodingChoice({
  samples,
  choose,
}: {
  samples: Readonly<Record<string, string>>;
  choose: (encoding: string) => void;
}): JSX.Element {
  return (
    <div class="encodings" role="group" aria-label={t("file.encoding")}>
      <p>
        <b>{t("file.encoding")}</b>
      </p>
      <ul class="checks">
        {Object.entries(samples).map(([name, text]) => (
          <li key={name}>
            <button class="button wide" type="button" onClick={() => choose(name)}>
              <bdi>{text}</bdi>
              <small class="dim">{name}</small>
            </button>
          </li>
        ))}
      </ul>
    </div>
  );
}
