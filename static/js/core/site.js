// Every participants' page: elder mode changes at once, without leaving the page.
const form = document.querySelector("[data-elder-form]");

form?.addEventListener("submit", (event) => {
  event.preventDefault();
  const button = form.querySelector("button");
  const isElder = document.documentElement.toggleAttribute("data-elder");
  remember("quizapp_elder", isElder ? "1" : "0");
  button.value = isElder ? "0" : "1";
  button.setAttribute("aria-pressed", String(isElder));
});

/** Keep a choice of look for a year, where the server reads it too. */
export function remember(name, value) {
  const secure = location.protocol === "https:" ? "; Secure" : "";
  // biome-ignore lint/suspicious/noDocumentCookie: the server reads this choice, and cookieStore needs https.
  document.cookie = `${name}=${value}; Path=/; Max-Age=31536000; SameSite=Lax${secure}`;
}
