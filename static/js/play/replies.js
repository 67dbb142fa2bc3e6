// What the replies to a phone's calls promise (/api/v1/openapi.json): a network that answers in the server's stead may
// say 200 and JSON of its own, and nothing may be taken for saved or handed in by that.

const isNumber = Number.isFinite;
const isAnswer = (answer) => isNumber(answer?.question) && isNumber(answer.seq);
const areAnswers = (answers) => Array.isArray(answers) && answers.every(isAnswer);

/** A begun or ended attempt; with status 202 a place in the queue. */
export function isBegun(body, status) {
  if (status === 202) return isNumber(body?.place) && isNumber(body.retry_after);
  if (!isAttempt(body) || !areAnswers(body.stored)) return false;
  const isPlayable = typeof body.token === "string" && isNumber(body.remaining_ms) && body.questions?.length > 0;
  return body.state === "finished" || isPlayable;
}

function isAttempt(body) {
  return typeof body?.attempt === "string" && (body.state === "open" || body.state === "finished");
}

/** What became of the answers `sent`: each is stored or rejected. */
export function isTaken(body, sent) {
  if (!areAnswers(body?.stored) || !Array.isArray(body.rejected) || !isNumber(body.remaining_ms)) return false;
  const told = new Set([...body.stored, ...body.rejected].map((one) => one?.question));
  return sent.every(({ question }) => told.has(question));
}

/** The result of an attempt. */
export function isResult(body, attempt) {
  return isAttempt(body) && body.attempt === attempt && body.state === "finished" && isNumber(body.answered);
}
