/** The picker as a whole: in a dialog, in its place on the page, or as a drop area. */
import type { JSX } from 'preact';
import { useLayoutEffect, useRef } from 'preact/hooks';
import { useDrops } from './drops.ts';
import { Frame } from './frame.tsx';
import { useLeaving, useModel } from './hooks.ts';
import type { Model } from './model.ts';

export function Picker({ m }: { m: Model }): JSX.Element {
  useModel(m);
  const element = useRef<HTMLDivElement>(null);
  useDrops(m, element);
  useLeaving(m);
  const { rest } = m;
  const { mode, compact } = m.options;
  const custom = m.state.sources.some((s) => s.name === m.state.panel && s.plugin);
  const names = `picker picker--${mode} ${compact ? 'picker--compact' : ''} fsp-picker fsp-picker--active ${custom ? 'fsp-picker--custom-source' : ''}`;
  return (
    <div ref={element} class={names} part="picker" lang={m.text.lang} dir={m.text.dir}>
      {mode === 'overlay' ? <Overlay m={m} /> : mode === 'pane' ? rest && <rest.Pane m={m} /> : <Frame m={m} />}
      {rest && m.state.asking && <rest.Confirm m={m} />}
      {rest && m.state.detail && <rest.Detail m={m} id={m.state.detail} />}
    </div>
  );
}

function Overlay({ m }: { m: Model }): JSX.Element {
  const dialog = useRef<HTMLDialogElement>(null);
  const { hidden } = m.state;
  useLayoutEffect(() => {
    const element = dialog.current;
    if (!element || hidden) return;
    const { documentElement: page } = document;
    const before = focused();
    const { overflow, scrollbarGutter } = page.style;
    // The page behind must neither scroll nor move.
    if (window.innerWidth > page.clientWidth) page.style.scrollbarGutter = 'stable';
    page.style.overflow = 'hidden';
    element.showModal();
    element.querySelector<HTMLElement>('.picker__select')?.focus();
    return () => {
      element.close();
      Object.assign(page.style, { overflow, scrollbarGutter });
      // A question above this dialog closes after it, and would leave the focus nowhere.
      if (before instanceof HTMLElement) queueMicrotask(() => before.focus());
    };
  }, [hidden]);
  const [width, height] = m.options.modalSize ?? [];
  return (
    <dialog
      ref={dialog} class="picker__dialog" part="dialog" aria-label={m.text.t('Select Files to Upload')}
      style={{ '--picker-width': width && `${width}px`, '--picker-height': height && `${height}px` }}
      onCancel={(e) => {
        if (e.target !== dialog.current) return;
        e.preventDefault();
        m.leave();
      }}
      // A press beside the dialog closes it, but never throws a selection away.
      onPointerDown={(e) => { if (e.target === dialog.current && m.engine.items.length === 0) m.leave(); }}
    >
      <Frame m={m} />
    </dialog>
  );
}

/** What has the focus, also inside of shadow roots. */
function focused(): Element | null {
  let { activeElement: element } = document;
  while (element?.shadowRoot?.activeElement) element = element.shadowRoot.activeElement;
  return element;
}
