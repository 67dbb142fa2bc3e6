// Reading a question aloud with the browser's own voice, for those who read with difficulty.

const CHINESE = /[\u4e00-\u9fff]/;

export function canRead() {
  return "speechSynthesis" in window && "SpeechSynthesisUtterance" in window;
}

/** Read, or stop when it is reading. */
export function readAloud(words) {
  if (speechSynthesis.speaking) {
    speechSynthesis.cancel();
    return;
  }
  const utterance = new SpeechSynthesisUtterance(words);
  utterance.lang = CHINESE.test(words) ? "zh-CN" : "en";
  utterance.rate = 0.9;
  speechSynthesis.speak(utterance);
}

export function stopReading() {
  if (canRead()) speechSynthesis.cancel();
}
