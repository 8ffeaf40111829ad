// Small helpers for the document. Text goes in as text only.

export function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === true) made.setAttribute(key, "");
    else if (value !== false && value != null) made.setAttribute(key, value);
  }
  made.append(...children.filter((child) => child != null));
  return made;
}

/** Set an element's text, touching the document only when it changes. */
export function setText(target, text) {
  if (target.footyText !== text) {
    target.footyText = text;
    target.textContent = text;
  }
}

/** Set a data attribute, or remove it where the value is empty. */
export function setData(target, name, value) {
  if (value) {
    if (target.dataset[name] !== value) target.dataset[name] = value;
  } else if (name in target.dataset) {
    delete target.dataset[name];
  }
}

export function pause() {
  if (globalThis.scheduler?.yield) return scheduler.yield();
  return new Promise((go) => setTimeout(go, 0));
}
