/** Same-origin calls to the REST interface, with one kind of failure. */
import type { Problem } from "./contract.ts";

/** A call that failed: `status` 0 means that the server could not be reached. */
export class CallError extends Error {
  readonly status: number;
  readonly slug: string;
  readonly field: string | undefined;
  /** Which of the faults with words in every language it is. */
  readonly code: string | undefined;
  readonly values: Readonly<Record<string, string>>;

  constructor(status: number, problem: Problem) {
    super(problem.message);
    this.name = "CallError";
    this.status = status;
    this.slug = problem.error;
    this.field = problem.field;
    this.code = problem.code;
    this.values = problem.values ?? {};
  }
}

/** Where somebody who is signed in shows password or code again, before an act that asks for it. */
export const PROOF = "/api/session/proof";

/** Calls the server and returns its JSON answer; null for an answer without content. */
export async function call<T>(method: string, path: string, body?: unknown): Promise<T> {
  const response = await ask(method, path, body);
  return (response.status === 204 ? null : await response.json()) as T;
}

/** Reads the server's JSON, and by its clock when it was told, milliseconds; NaN where it does not say. */
export async function fetchDated<T>(path: string): Promise<{ value: T; atMs: number }> {
  const response = await ask("GET", path);
  return { value: (await response.json()) as T, atMs: Date.parse(response.headers.get("date") ?? "") };
}

async function ask(method: string, path: string, body?: unknown): Promise<Response> {
  const request: RequestInit = { method, credentials: "same-origin" };
  if (body !== undefined) {
    request.body = JSON.stringify(body);
    request.headers = { "content-type": "application/json" };
  }
  let response: Response;
  try {
    response = await fetch(path, request);
  } catch {
    throw new CallError(0, { error: "unreachable", message: "" });
  }
  if (response.ok) return response;
  const problem = await problemFrom(response);
  if (path.startsWith(PROOF) || !(await proved(problem))) throw problem;
  return ask(method, path, body);
}

/** Whether a refusal asked for password or code, and somebody has shown it now: then the act may be tried again. */
export async function proved(problem: CallError): Promise<boolean> {
  if (problem.slug !== "proof_needed") return false;
  const { showProof } = await import("../widgets/dialogs/proof-dialog.tsx"); // few pages ever need it
  return showProof();
}

/** The refusal that an answer tells. */
export async function problemFrom(response: Response): Promise<CallError> {
  return new CallError(response.status, problemOf(await response.text(), response.statusText));
}

export function fetchJson<T>(path: string): Promise<T> {
  return call<T>("GET", path);
}

function problemOf(text: string, fallback: string): Problem {
  try {
    const found = JSON.parse(text) as Partial<Problem>;
    return { ...found, error: found.error ?? "error", message: found.message ?? fallback };
  } catch {
    return { error: "error", message: fallback };
  }
}
