/** Takes what people drop on a picker and paste into it. */
import type { RefObject } from 'preact';
import { useLayoutEffect } from 'preact/hooks';
import { gather, type Gathered } from './gather.ts';
import { filesPanel, type Model } from './model.ts';

/** The pickers of this page, the first one first: they share its clipboard. */
const open: { m: Model; element: HTMLElement; wide: boolean }[] = [];

/** Whether the picker takes a drop at the moment. */
export function takesDrops(m: Model): boolean {
  const { dropEverywhere, mode } = m.options;
  return !m.state.problem && (mode === 'pane' || dropEverywhere || m.state.panel === 'local_file_system' || m.state.panel === filesPanel);
}

/** Listens for drops on the element (on the whole page for a pane with an overlay) and for pastes. */
export function useDrops(m: Model, ref: RefObject<HTMLElement | null>): void {
  useLayoutEffect(() => {
    const element = ref.current;
    if (!element) return;
    const { pane } = m.options;
    const wide = m.options.mode === 'overlay' || !!pane?.overlay;
    const self = { m, element, wide };
    open.push(self);
    const ending = new AbortController();
    const { signal } = ending;
    const target: EventTarget = wide ? document : element;
    const listen = (type: string, react: (e: DragEvent) => void) => target.addEventListener(type, react as EventListener, { signal });

    // Children are entered before their parents are left.
    let depth = 0;
    const dragging = (on: boolean) => element.classList.toggle('picker--dragging', on && takesDrops(m));
    listen('dragenter', (e) => {
      if (++depth === 1) pane?.onDragEnter?.(e);
      dragging(true);
    });
    listen('dragover', (e) => {
      // Without this the browser would open the file in place of the page.
      e.preventDefault();
      if (e.dataTransfer) e.dataTransfer.dropEffect = takesDrops(m) ? 'copy' : 'none';
      pane?.onDragOver?.(e);
    });
    listen('dragleave', () => {
      depth = Math.max(0, depth - 1);
      if (depth > 0) return;
      dragging(false);
      pane?.onDragLeave?.();
    });
    listen('drop', (e) => {
      e.preventDefault();
      depth = 0;
      dragging(false);
      if (dropTarget(e) !== self) return;
      pane?.onDrop?.(e);
      if (e.dataTransfer && takesDrops(m)) take(m, gather(e.dataTransfer, m.options.folders));
    });
    document.addEventListener('paste', (e) => {
      if (!e.clipboardData || isField(e.composedPath()[0]) || pasteTarget() !== self) return;
      const found = gather(e.clipboardData, m.options.folders);
      if (!found.files && !found.url) return;
      e.preventDefault();
      take(m, found);
    }, { signal });

    return () => {
      ending.abort();
      open.splice(open.indexOf(self), 1);
    };
  }, [m]);
}

/** Adds what was gathered. */
export function take(m: Model, found: Gathered): void {
  m.refuse(found.folders.map((name) => ({ name, problem: { code: 'folder' as const, again: false } })));
  if (found.files) void m.add(found.files);
  // Where the page offers no links, an image of another page is none of its files.
  if (found.url && m.state.sources.some((s) => s.name === 'url')) void m.addLink(found.url).catch((e: unknown) => m.refuseLink(found.url ?? '', e));
}

const isField = (e: EventTarget | undefined) => e instanceof HTMLElement && (e.isContentEditable || /^(input|textarea|select)$/i.test(e.tagName));

/** The picker that a drop is over; elsewhere on the page a dialog, else the first that takes the whole page. */
function dropTarget(e: DragEvent) {
  const path = e.composedPath();
  return open.find((o) => path.includes(o.element))
    ?? open.findLast((o) => o.m.options.mode === 'overlay' && !o.m.state.hidden)
    ?? open.find((o) => o.wide);
}

/** A dialog covers all others; else the picker under the pointer or with the focus; else what the page prefers. */
function pasteTarget() {
  const { paste } = open[0]?.m.options ?? {};
  return open.findLast((o) => o.m.options.mode === 'overlay' && !o.m.state.hidden)
    ?? open.find((o) => o.element.matches(':hover, :focus-within'))
    ?? (paste?.firstInViewPort ? open.find((o) => inViewPort(o.element)) : undefined)
    ?? (paste?.firstInstance ? open[0] : undefined);
}

function inViewPort(element: HTMLElement): boolean {
  const { top, left, bottom, right } = element.getBoundingClientRect();
  return top >= 0 && left >= 0 && bottom <= window.innerHeight && right <= window.innerWidth;
}
