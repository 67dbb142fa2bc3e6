// What a page keeps on this device. Where the browser refuses (private windows, full), it lasts as long as the page.

const memory = new Map();

export function keep(name, value) {
  const packed = JSON.stringify(value);
  memory.set(name, packed);
  try {
    localStorage.setItem(name, packed);
    return true;
  } catch {
    return false;
  }
}

/** What was kept under `name`, or null. */
export function recall(name) {
  let packed = memory.get(name) ?? null;
  try {
    packed = localStorage.getItem(name) ?? packed;
  } catch {
    // Reading is refused like writing: memory has what there is.
  }
  try {
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
