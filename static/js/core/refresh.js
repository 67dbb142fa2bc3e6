// Parts of a page (`data-swap`, with an id) as the server shows them now, put in without a reload.

/** Ask for this page again and put in its parts; resolves to whether it came. Rejects without a network. */
export async function refresh() {
  const response = await fetch(location.href, { credentials: "same-origin", cache: "no-store" });
  if (!response.ok || response.redirected) return false;
  const page = new DOMParser().parseFromString(await response.text(), "text/html");
  for (const old of document.querySelectorAll("[data-swap]")) swap(old, page.getElementById(old.id));
  return true;
}

function swap(old, fresh) {
  // Nothing moves under the hands of somebody who is using it.
  if (!fresh || old.contains(document.activeElement)) return;
  const details = fresh.querySelector("details");
  if (details) details.open = old.querySelector("details")?.open ?? false;
  old.replaceWith(document.adoptNode(fresh));
}
