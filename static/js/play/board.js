// The board renews itself while somebody looks at it; an unchanged board costs the server almost nothing (ETag).

import { call } from "../core/api.js";
import { element } from "../core/dom.js";
import { text } from "../core/text.js";
import { durationText } from "./figures.js";

const ROUND_MS = 15_000;

const board = document.querySelector("[data-board]");
const part = (name) => board.querySelector(`[data-part="${name}"]`);

function renderRow({ place, name, unit, score, duration_ms: duration, own }) {
  const place_ = place <= 3 ? [element("span", { className: "medal", content: place })] : [String(place)];
  const names = [name];
  if (own) names.push(" ", element("span", { className: "tag tag-accent", content: text("me") }));
  if (unit) names.push(element("span", { className: "line-note", content: unit }));
  return element("tr", { className: own ? "is-own" : "" }, [
    element("td", { className: "board-place num" }, place_),
    element("td", {}, names),
    element("td", { className: "num small", content: durationText(duration) }),
    element("td", { className: "num board-score", content: score }),
  ]);
}

function renderOwn(own, isListed) {
  part("own").hidden = !own || isListed;
  if (!own) return;
  part("own-place").textContent = text("own-place", { place: own.place });
  part("own-time").textContent = durationText(own.duration_ms);
  part("own-score").textContent = String(own.score);
}

/** A network that answers in the server's stead knows no rows. */
const isBoard = (body) => Array.isArray(body?.rows);

async function renew() {
  if (document.visibilityState === "hidden") return;
  try {
    const path = `/api/v1/contests/${board.dataset.board}/boards/overall?top=50`;
    const { body } = await call("GET", path, { isOurs: isBoard });
    part("counting").hidden = body.counted;
    part("empty").hidden = body.rows.length > 0 || !body.counted;
    part("table").hidden = body.rows.length === 0;
    part("rows").replaceChildren(...body.rows.map(renderRow));
    renderOwn(
      body.own,
      body.rows.some(({ own }) => own),
    );
  } catch {
    // The board on the page stays; the next round asks again.
  }
}

if (board) {
  setInterval(renew, ROUND_MS * (0.9 + Math.random() * 0.2));
  document.addEventListener("visibilitychange", renew);
}
