// A mended row is judged at once: it is sent, read, and shown as it is now, while the other rows stay as they are.
import { fetchPage, follow, send, takeOver } from "./import_progress.js";

for (const row of document.querySelectorAll("[data-row]")) listen(row);

function listen(row) {
  const form = row.querySelector("[data-mend]");
  form?.addEventListener("submit", async (event) => {
    event.preventDefault();
    const buttons = [...form.querySelectorAll("button")];
    const words = form.querySelector("[data-words]");
    for (const button of buttons) button.disabled = true;
    words.textContent = "…";
    const response = await send(form, event.submitter);
    if (!response.ok) {
      const page = new DOMParser().parseFromString(await response.text(), "text/html");
      words.textContent = page.querySelector(".refusal p, .notice-error")?.textContent.trim() ?? "";
      for (const button of buttons) button.disabled = false;
      return;
    }
    await follow(form.dataset.waiting, (answer) => {
      words.textContent = answer.words;
    });
    const { page } = await fetchPage(row.dataset.url);
    const now = page.querySelector("[data-row]");
    takeOver(page, "[data-steps]");
    updateTabs(page);
    if (!now) {
      row.remove();
      return;
    }
    row.replaceWith(document.adoptNode(now));
    listen(now);
    const details = now.querySelector("details.mend");
    if (details) details.open = Boolean(now.querySelector(".problem-said.error"));
    now.querySelector("h2").tabIndex = -1;
    now.querySelector("h2").focus();
  });
}

// The counts change, the tab that is open does not.
function updateTabs(page) {
  const theirs = page.querySelectorAll("[data-tabs] a");
  document.querySelectorAll("[data-tabs] a").forEach((ours, place) => {
    ours.textContent = theirs[place].textContent;
  });
}
