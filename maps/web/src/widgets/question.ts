/** A question to the person before something is done: words that go with it, and for how long. */
import { signal } from "@preact/signals";
import type { Words } from "../words/index.ts";

export interface Question {
  title: string;
  /** What it is about, in words. */
  about: string;
  /** What the words are for; null where there is only yes or no. */
  label: Words | null;
  /** Whether it cannot be done without words. */
  needed: boolean;
  /** Most letters. */
  most: number;
  /** Minutes to choose from. */
  minutes?: readonly number[];
  /** One of several to choose. */
  choice?: { label: Words; options: readonly { value: string; words: string }[] };
  /** What the button says, and what is said when it fails. */
  button: Words;
  failed: Words;
  act: (words: string, minutes: number, chosen: string) => Promise<void>;
}

export const openQuestion = signal<Question | null>(null);
