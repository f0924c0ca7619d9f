/** Work that is done once for all who ask for it. Pure. */

/** Does `work` when first asked, and answers the same to all; after a failure the next who asks has it tried again. */
export function once<T>(work: () => Promise<T>): () => Promise<T> {
  const all: { answer: Promise<T> | null } = { answer: null };
  return () => {
    all.answer ??= work().catch((fault: unknown) => {
      all.answer = null;
      throw fault;
    });
    return all.answer;
  };
}

/** Does `work` for all who ask while it is under way; who asks after that has it done again. */
export function shared<A extends unknown[], T>(work: (...args: A) => Promise<T>): (...args: A) => Promise<T> {
  const all: { answer: Promise<T> | null } = { answer: null };
  return (...args) => {
    all.answer ??= work(...args).finally(() => {
      all.answer = null;
    });
    return all.answer;
  };
}
