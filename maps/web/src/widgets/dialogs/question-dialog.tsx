/** Asks for the words that go with an act, and for how long. */
import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { t } from "../../words/index.ts";
import { faultWords } from "../load-states.tsx";
import { useModal } from "../modal.ts";
import { openQuestion, type Question } from "../question.ts";

const PLACE_MIN = 60;

export function QuestionDialog(): JSX.Element | null {
  const question = openQuestion.value;
  return question === null ? null : <Form key={question.title} question={question} />;
}

function Form({ question }: { question: Question }): JSX.Element {
  const dialog = useModal();
  const busy = useSignal(false);
  const fault = useSignal<string | null>(null);
  const words = useSignal("");
  const minutes = useSignal(question.minutes?.includes(PLACE_MIN) ? PLACE_MIN : (question.minutes?.[0] ?? 0));
  const chosen = useSignal(question.choice?.options[0]?.value ?? "");
  const shut = (): void => {
    if (openQuestion.peek() === question) openQuestion.value = null;
  };
  const send = async (event: Event): Promise<void> => {
    event.preventDefault();
    const answer = words.value.trim();
    if (question.needed && answer === "") {
      fault.value = t("ask.no_words");
      return;
    }
    busy.value = true;
    fault.value = null;
    try {
      await question.act(answer, minutes.value, chosen.value);
      shut();
    } catch (caught) {
      fault.value = `${t(question.failed)} ${faultWords(caught)}`;
    } finally {
      busy.value = false;
    }
  };
  return (
    <dialog ref={dialog} class="dialog" aria-labelledby="ask-title" onCancel={shut} onClose={shut}>
      <form onSubmit={(event) => void send(event)}>
        <h2 id="ask-title">{question.title}</h2>
        <p>{question.about}</p>
        {question.minutes && (
          <>
            <label for="ask-minutes">{t("ask.minutes")}</label>
            <select
              id="ask-minutes"
              value={minutes.value}
              onChange={(event) => {
                minutes.value = Number(event.currentTarget.value);
              }}
            >
              {question.minutes.map((each) => (
                <option key={each} value={each}>
                  {each < 60 ? t("message.minutes", { n: each }) : t("message.hours", { n: each / 60 })}
                </option>
              ))}
            </select>
          </>
        )}
        {question.choice && (
          <>
            <label for="ask-choice">{t(question.choice.label)}</label>
            <select
              id="ask-choice"
              value={chosen.value}
              onChange={(event) => {
                chosen.value = event.currentTarget.value;
              }}
            >
              {question.choice.options.map(({ value, words: told }) => (
                <option key={value} value={value}>
                  {told}
                </option>
              ))}
            </select>
          </>
        )}
        {question.label !== null && (
          <>
            <label for="ask-words">{t(question.label)}</label>
            <textarea
              id="ask-words"
              rows={3}
              autofocus
              maxLength={question.most}
              value={words.value}
              onInput={(event) => {
                words.value = event.currentTarget.value;
                fault.value = null;
              }}
            />
          </>
        )}
        {fault.value && (
          <p class="field-fault" role="alert">
            {fault.value}
          </p>
        )}
        <div class="actions end">
          <button class="button" type="button" onClick={shut}>
            {t("dialog.cancel")}
          </button>
          <button class="button primary" type="submit" disabled={busy.value}>
            {t(question.button)}
          </button>
        </div>
      </form>
    </dialog>
  );
}
