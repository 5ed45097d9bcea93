/** Styles of the chunks that are loaded later. */
import { useLayoutEffect } from 'preact/hooks';
import type { RefObject } from 'preact';

/** Has the document or shadow root that holds element use css while the component is there. */
export function useSheet(element: RefObject<HTMLElement | null>, css: string): void {
  useLayoutEffect(() => {
    const home = element.current?.getRootNode() as Document | ShadowRoot;
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(css);
    home.adoptedStyleSheets = [...home.adoptedStyleSheets, sheet];
    return () => { home.adoptedStyleSheets = home.adoptedStyleSheets.filter((s) => s !== sheet); };
  }, []);
}
