/** Same-origin calls to the REST interface, with one kind of failure. Every answer passes a parser. */
import { Misfit, type Parser } from "./parser.ts";
import { Problem } from "./session.ts";

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

/** Asks whoever is signed in for password or code; whether it was shown. */
export type ProofPrompt = () => Promise<boolean>;

/** Set once, by the start of a page that has a prompt. */
const prompt: { ask: ProofPrompt } = { ask: () => Promise.resolve(false) };

/** Lets refused acts ask for a proof by `ask`, and be tried again when it was shown. */
export function setProofPrompt(ask: ProofPrompt): void {
  prompt.ask = ask;
}

/** Calls the server and returns its answer as `answer` parses it; null stands for an answer without content. */
export async function call<T>(method: string, path: string, answer: Parser<T>, body?: unknown): Promise<T> {
  return readAnswer(await sendRequest(method, path, body), `${method} ${path}`, answer);
}

/** Sends a file to the server and returns its answer as `answer` parses it. */
export async function sendFile<T>(path: string, file: Blob, answer: Parser<T>): Promise<T> {
  return readAnswer(await sendRequest("POST", path, file), `POST ${path}`, answer);
}

/** Reads from the server, and by its clock when it was told, milliseconds; NaN where it does not say. */
export async function fetchDated<T>(path: string, answer: Parser<T>): Promise<{ value: T; atMs: number }> {
  const response = await sendRequest("GET", path);
  const atMs = Date.parse(response.headers.get("date") ?? "");
  return { value: await readAnswer(response, `GET ${path}`, answer), atMs };
}

export function fetchJson<T>(path: string, answer: Parser<T>): Promise<T> {
  return call("GET", path, answer);
}

/**
 * Reads the content of an answer that came.
 *
 * Throws a `CallError` that names route and field where it is not what the page knows.
 */
export async function readAnswer<T>(response: Response, route: string, answer: Parser<T>): Promise<T> {
  try {
    return answer(response.status === 204 ? null : await response.json());
  } catch (fault) {
    if (!(fault instanceof Misfit || fault instanceof SyntaxError)) throw fault;
    const [field, expected] = fault instanceof Misfit ? [fault.path.join("."), fault.expected] : ["", "JSON"];
    const message = `${route.replace(/\?.*/, "")}: ${field === "" ? "" : `${field}: `}${expected} expected`;
    console.error(`answer not read: ${message}`);
    throw new CallError(response.status, { error: "unreadable_answer", message, field });
  }
}

async function sendRequest(method: string, path: string, body?: unknown): Promise<Response> {
  const request: RequestInit = { method, credentials: "same-origin" };
  if (body instanceof Blob) {
    request.body = body;
    request.headers = { "content-type": "application/octet-stream" };
  } else if (body !== undefined) {
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
  return sendRequest(method, path, body);
}

/** Whether a refusal asked for password or code, and somebody has shown it now: then the act may be tried again. */
export async function proved(problem: CallError): Promise<boolean> {
  return problem.slug === "proof_needed" && (await prompt.ask());
}

/** The refusal that an answer tells. */
export async function problemFrom(response: Response): Promise<CallError> {
  return new CallError(response.status, problemOf(await response.text(), response.statusText));
}

/** Who refuses may be a proxy on the way: what cannot be read of it is left out. */
function problemOf(text: string, fallback: string): Problem {
  try {
    return Problem({ error: "error", message: fallback, ...JSON.parse(text) });
  } catch {
    return { error: "error", message: fallback };
  }
}
