// Calls of the HTTP interface: JSON in and out, time limits, refusals with their codes.

const TIMEOUT_MS = 10_000;
const csrfToken = document.querySelector('meta[name="csrf-token"]')?.content ?? "";

/**
 * The server did not answer: no network, it is away, it took too long, or something on the way answered in its stead
 * (the login page of a network, a proxy), which shows in that it is no JSON, or not what this call promises; `status`
 * is the status of that, else 0. The same call may be sent again.
 */
export class Unreachable extends Error {
  constructor(reason, { status = 0, retryAfterMs = null } = {}) {
    super(reason);
    this.status = status;
    this.retryAfterMs = retryAfterMs;
  }
}

/** The server said no. `mayRetry` when the same call may work later (429, 5xx). */
export class Refused extends Error {
  constructor(status, document_, retryAfterMs) {
    super(document_.title ?? String(status));
    this.status = status;
    this.code = document_.code ?? "";
    this.document = document_;
    this.retryAfterMs = retryAfterMs;
  }

  get mayRetry() {
    return this.status === 429 || this.status >= 500;
  }
}

/**
 * Call the server; resolves to {status, body}, rejects with Unreachable or Refused. `isOurs(body, status)` says whether
 * a body has what this call promises.
 */
export async function call(method, path, { body, bearer, key, keepalive = false, isOurs = () => true } = {}) {
  const headers = { Accept: "application/json" };
  if (body !== undefined) headers["Content-Type"] = "application/json";
  if (method !== "GET") headers["X-CSRFToken"] = csrfToken;
  if (bearer) headers.Authorization = `Bearer ${bearer}`;
  if (key) headers["Idempotency-Key"] = key;
  const abort = new AbortController();
  const timer = setTimeout(() => abort.abort(), TIMEOUT_MS);
  try {
    const response = await fetch(path, {
      method,
      headers,
      keepalive,
      body: body === undefined ? undefined : JSON.stringify(body),
      credentials: "same-origin",
      cache: method === "GET" ? "no-cache" : "no-store",
      signal: abort.signal,
    });
    const answer = await readJson(response);
    const { status, ok } = response;
    if (!(ok ? isOurs(answer, status) : isProblem(answer, status))) throw unreachable("a stranger's JSON", response);
    if (!ok) throw new Refused(status, answer, retryAfter(response));
    return { status, body: answer };
  } catch (error) {
    if (error instanceof Refused || error instanceof Unreachable) throw error;
    throw new Unreachable(String(error));
  } finally {
    clearTimeout(timer);
  }
}

/** The JSON of a reply, or null for one without content; throws Unreachable for anything else. */
async function readJson(response) {
  if (response.status === 204) return null;
  const isJson = /json/.test(response.headers.get("Content-Type") ?? "");
  const answer = isJson ? await response.json() : null;
  if (answer !== null) return answer;
  throw unreachable("no JSON", response);
}

function unreachable(reason, response) {
  return new Unreachable(reason, { status: response.status, retryAfterMs: retryAfter(response) });
}

/** Whether a refusal is one of the server's, a problem document with a code (RFC 9457). */
function isProblem(answer, status) {
  return answer?.status === status && typeof answer.code === "string" && typeof answer.title === "string";
}

function retryAfter(response) {
  const seconds = Number.parseInt(response.headers.get("Retry-After") ?? "", 10);
  return Number.isFinite(seconds) ? seconds * 1000 : null;
}

/**
 * How long to wait before try number `attempt` (from 0): doubling from 1 s to 30 s, never below `least`, and spread by
 * half as much again, so that thousands of phones which were told the same Retry-After do not come back together.
 */
export function pauseBefore(attempt, least = 0) {
  const ceiling = Math.min(30_000, 1000 * 2 ** attempt);
  return Math.max(least ?? 0, ceiling / 2) + (Math.random() * Math.max(least ?? 0, ceiling)) / 2;
}

export function sleep(milliseconds) {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
