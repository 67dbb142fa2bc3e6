// The print button of the poster page; without script the browser's own menu prints.
const button = document.querySelector("[data-print]");
button.hidden = false;
button.addEventListener("click", () => window.print());
