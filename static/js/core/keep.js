// What a page keeps on this device. Where the browser refuses (private windows, full), it lasts as long as the page.

const memory = new Map();

export function keep(name, value) {
  const packed = JSON.stringify(value);
  try {
    localStorage.setItem(name, packed);
    memory.delete(name);
  } catch {
    memory.set(name, packed);
  }
}

/** Whether everything that is kept outlasts the page. */
export function isLasting() {
  return memory.size === 0;
}

/** What was kept under `name`, or null. */
export function recall(name) {
  try {
    const packed = memory.get(name) ?? localStorage.getItem(name);
    return packed === null ? null : JSON.parse(packed);
  } catch {
    return null;
  }
}

export function forget(name) {
  memory.delete(name);
  try {
    localStorage.removeItem(name);
  } catch {
    // Nothing was kept there.
  }
}
