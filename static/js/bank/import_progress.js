// Follows the background work on an import. On the page that only waits, the bar moves and the next page comes by
// itself; other pages of the import use `follow`.

const FIRST_MS = 400;
const LONGEST_MS = 3000;
const BUSY = ["reading", "importing"];

/** Ask until the work is done; `tell` is given each answer. Resolves to the last one. */
export async function follow(url, tell = () => {}) {
  let pause = FIRST_MS;
  for (;;) {
    await new Promise((resolve) => setTimeout(resolve, pause));
    try {
      const response = await fetch(url, { headers: { Accept: "application/json" } });
      if (response.ok) {
        const answer = await response.json();
        tell(answer);
        if (!BUSY.includes(answer.state)) return answer;
        pause = Math.min(LONGEST_MS, pause * 1.15);
        continue;
      }
      if (response.status < 500) return { state: "gone" };
    } catch {
      // No network for a moment: the work goes on without us.
    }
    pause = LONGEST_MS;
  }
}

/** The page of an address as a document of its own; scripts in it do not run. */
export async function fetchPage(url) {
  const response = await fetch(url, { headers: { Accept: "text/html" } });
  return { page: new DOMParser().parseFromString(await response.text(), "text/html"), url: response.url };
}

/** Put the parts of another page that `selector` finds in place of ours, in order. */
export function takeOver(page, selector) {
  const theirs = page.querySelectorAll(selector);
  document.querySelectorAll(selector).forEach((ours, place) => {
    if (theirs[place]) ours.replaceWith(document.adoptNode(theirs[place]));
  });
}

/** Send a form as it would send itself, with the button that was pressed. Returns the response. */
export function send(form, button) {
  const data = new FormData(form);
  if (button?.name) data.append(button.name, button.value);
  return fetch(form.action, { method: "POST", body: data, headers: { Accept: "text/html" } });
}

const waiting = document.querySelector("section[data-waiting]");
if (waiting) {
  const bar = waiting.querySelector("[data-bar]");
  const words = waiting.querySelector("[data-words]");
  await follow(waiting.dataset.waiting, (answer) => {
    if (answer.words) words.textContent = answer.words;
    if (answer.total) {
      bar.max = answer.total;
      bar.value = answer.done;
    }
  });
  window.location.reload();
}

// The list of imports: each bar by itself; a finished one gets its new state from the page.
for (const bar of document.querySelectorAll("progress[data-progress]")) {
  follow(bar.dataset.progress, (answer) => {
    if (answer.total) bar.value = (100 * answer.done) / answer.total;
  }).then(async () => takeOver((await fetchPage(window.location.href)).page, "[data-imports]"));
}
