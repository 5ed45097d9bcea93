/** Where on the page a picker stands. */

/**
 * container finds the element that a page named: a node, a selector, or an id
 * with or without "#". Throws an Error that says what is missing.
 */
export function container(named: string | Node | null | undefined): Node {
  if (!named) return document.body;
  if (typeof named !== 'string') return named;
  const found = (/^[\w-]/.test(named) && document.getElementById(named)) || select(named);
  if (!found) {
    throw new Error(`Stowgate picker: no element matches container ${JSON.stringify(named)}; add it to the page before open() is called`);
  }
  return found;
}

function select(selector: string): Element | null {
  try {
    return document.querySelector(selector);
  } catch {
    return null; // no selector
  }
}

/** onRemoved calls gone when the page takes element away, and returns how to stop watching. */
export function onRemoved(element: Element, gone: () => void): () => void {
  const observer = new MutationObserver(() => {
    if (!element.isConnected) gone();
  });
  // An element in a shadow tree also goes with its host.
  for (let root: Node = element.getRootNode(); ; root = root.host.getRootNode()) {
    observer.observe(root, { childList: true, subtree: true });
    if (!(root instanceof ShadowRoot)) break;
  }
  return () => observer.disconnect();
}
